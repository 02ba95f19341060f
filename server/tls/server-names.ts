import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

/** Under what a certificate of the brain is good. */
export interface ServerNames {
  dns: string[]
  ip: string[]
}

const WILDCARDS = new Set(['0.0.0.0', '::'])

/**
 * Everything this machine can be reached by, as far as it knows itself: what the settings name, its own name, its addresses.
 *
 * @param said names and addresses of the settings, and hosts of URLs
 */
export function ownServerNames(said: readonly string[]): ServerNames {
  const addresses = Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address))
  const all = [...said.map(bare), 'localhost', hostname(), '127.0.0.1', '::1', ...addresses.map(bare)]
  const unique = [...new Set(all)].filter(name => name !== '' && !WILDCARDS.has(name))
  return { dns: unique.filter(name => isIP(name) === 0), ip: unique.filter(name => isIP(name) !== 0) }
}

/** Without the brackets that a URL puts around IPv6, and without a zone. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
}
