import pino from 'pino'

/** Structured lines for whoever runs the agent as a service; nothing in them is a secret. */
export type AgentLog = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>

export function createLog(level: pino.Level): AgentLog {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime })
}
