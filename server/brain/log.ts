import pino from 'pino'
import type { DestinationStream, Logger } from 'pino'
import type { LogLevel } from './settings'

export type Log = Logger

const SECRETS = [
  'password',
  'current',
  'next',
  'token',
  'secret',
  'joinToken',
  'authorization',
  'cookie',
  'variables',
  'builtins',
]

/** One JSON object per line on standard output. Fields that carry secrets are cut out, one level deep too. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS.flatMap(name => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
  }
  return destination ? pino(options, destination) : pino(options)
}
