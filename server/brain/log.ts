import type { DestinationStream, Logger } from 'pino'
import { createJsonLog } from '../../core/log/json-log'
import { openLogOutput } from '../../core/log/log-output'
import type { LogFile } from '../../core/log/log-output'
import type { LogLevel } from './settings'

export type Log = Logger

/** One JSON object per line on standard output, or in files that take turns. Fields that carry secrets are cut out. */
export function createLog(level: LogLevel, destination: DestinationStream | LogFile | null = null): Log {
  return createJsonLog(level, destination && 'write' in destination ? destination : openLogOutput(destination))
}
