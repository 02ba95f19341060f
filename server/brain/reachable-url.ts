import { isIPv6 } from 'node:net'

/** An address of this machine under which a server that listens on `host` can be reached. */
export function reachableUrl(scheme: 'http' | 'https', host: string, port: number): URL {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new URL(`${scheme}://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`)
}
