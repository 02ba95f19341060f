import type pino from 'pino'
import { createJsonLog } from '../core/log/json-log'
import { openLogOutput } from '../core/log/log-output'
import type { LogFile } from '../core/log/log-output'

/** Structured lines for whoever runs the agent as a service; nothing in them is a secret. */
export type AgentLog = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>

export function createLog(level: pino.Level, file: LogFile | null): AgentLog {
  return createJsonLog(level, openLogOutput(file))
}
