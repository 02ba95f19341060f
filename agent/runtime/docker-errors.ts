import type { RunPort } from './container-runtime'

/** HTTP status of an answer of the engine; undefined when there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

/** The engine's own words, on one line. */
export function engineWords(error: unknown): string {
  const json = error instanceof Error && 'json' in error ? error.json : undefined
  const said = json && typeof json === 'object' && 'message' in json ? json.message : undefined
  const text = typeof said === 'string' && said ? said : error instanceof Error ? error.message : String(error)
  return text.replace(/\s+/g, ' ').trim().slice(0, 600)
}

/**
 * Which of a run's ports the engine found taken, from its message; undefined when the message is about something else. The one
 * place that knows these messages, of Docker 20.10 to 29:
 * `Bind for 0.0.0.0:25000 failed: port is already allocated`, `listen udp4 0.0.0.0:25000: bind: address already in use`,
 * `failed to bind host port 0.0.0.0:25000/tcp: address already in use`.
 */
export function takenPortIn(message: string, ports: readonly RunPort[]): RunPort | undefined {
  if (!/port is already allocated|address already in use/i.test(message)) return undefined
  const exposed = ports.filter(port => port.host)
  const named = exposed.filter(port => new RegExp(`:${port.host?.port}\\b`).test(message))
  const protocol = /listen udp|\/udp\b/i.test(message) ? 'udp' : /listen tcp|\/tcp\b/i.test(message) ? 'tcp' : undefined
  return named.find(port => port.protocol === protocol) ?? named[0] ?? exposed[0]
}

/** The address of a port binding that the machine does not have; undefined when the message is about something else. */
export function foreignAddressIn(message: string): string | undefined {
  if (!/cannot assign requested address|address family not supported/i.test(message)) return undefined
  return /(?:listen|bind)\S* (?:for |host port )?\[?([0-9a-f.:]+?)\]?:\d+\b/i.exec(message)?.[1] ?? 'an address'
}

/** True for a program that cannot be run at all: not there, not executable, a working directory that is a file. */
export function isUnrunnable(message: string): boolean {
  return /OCI runtime create failed|failed to create (?:shim )?task|executable file not found|exec format error|no such file or directory: unknown|permission denied: unknown/i.test(
    message,
  )
}

/** True for a volume or directory that the engine could not mount. */
export function isUnmountable(message: string): boolean {
  return /failed to mount local volume|error while mounting volume/i.test(message)
}
