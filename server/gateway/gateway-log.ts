import type { Logger } from 'pino'

/** What the gateway needs of a pino logger. Payloads are never logged: they may hold secrets. */
export type GatewayLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
