import pino from 'pino'

/** Fields that carry secrets, wherever they stand in what is logged. */
const SECRETS = new Set([
  'password',
  'current',
  'next',
  'token',
  'jointoken',
  'secret',
  'secretaccesskey',
  'authorization',
  'cookie',
  'set-cookie',
  'variables',
  'builtins',
  'env',
])
const CENSORED = '[secret]'
const DEPTH = 6

/**
 * One JSON object per line: a line break in a name is `\n` in it, and nothing that is logged can look like another line. Fields that
 * carry secrets are cut out at any depth; of an error only what it says, where, and its codes.
 */
export function createJsonLog(level: string, destination: pino.DestinationStream): pino.Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      formatters: { log: facts => censored(facts, DEPTH) },
    },
    destination,
  )
}

function censored(facts: Record<string, unknown>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      SECRETS.has(name.toLowerCase()) ? CENSORED : inner(value, depth),
    ]),
  )
}

function inner(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutSignatures(value)
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth === 0) return '…'
  if (Array.isArray(value)) return value.map(one => inner(one, depth - 1))
  return censored(Object.fromEntries(Object.entries(value)), depth - 1)
}

/** Whoever holds a signed address may fetch what it names: its query is not for a log. So are tokens of our own. */
function withoutSignatures(text: string): string {
  return text
    .replace(/\bstrata_[\w-]{20,}/g, CENSORED)
    .replace(/(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]+/g, `$1?${CENSORED}`)
    .replace(/(https?:\/\/)[^\s/@:]+:[^\s/@]+@/g, `$1${CENSORED}@`)
}

/** Extra fields of errors hold what was sent: parameters of a query, bodies and headers of requests. */
function describeError(error: unknown, depth = 3): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? withoutSignatures(error) : error
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined
  // A failed query brings its parameters along in its message, after the first line.
  const isQuery = 'query' in error && 'params' in error
  const message = isQuery ? 'Failed query' : error.message
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  return {
    type: error.name,
    message: withoutSignatures(message),
    ...(code === undefined ? {} : { code }),
    stack: frames.join('\n'),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: describeError(error.cause, depth - 1) }),
  }
}
