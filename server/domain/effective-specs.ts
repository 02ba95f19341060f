import type { Node, NodeSpecs } from '../../shared/schemas/node'
import type { NodeRecord } from './node-record'

type Settings = Pick<NodeRecord, 'specs' | 'overrides' | 'observedAddress'>
type Address = { address: string; source: NonNullable<Node['addressSource']> }

/**
 * What a machine has and is, as it counts: what an admin set in the panel comes first, then what the machine's own settings
 * say. null before its agent reported.
 */
export function effectiveSpecs(node: Settings): NodeSpecs | null {
  const { specs, overrides } = node
  if (!specs) return null
  const { ports, maxInstances, reserve } = overrides
  return {
    ...specs,
    address: effectiveAddress(node)?.address ?? specs.address,
    ports: ports ?? specs.ports,
    maxInstances: maxInstances ?? specs.maxInstances,
    reserve: {
      memoryBytes: reserve?.memoryBytes ?? specs.reserve.memoryBytes,
      cpus: reserve?.cpus ?? specs.reserve.cpus,
      diskBytes: reserve?.diskBytes ?? specs.reserve.diskBytes,
    },
  }
}

/**
 * What players use to reach the node, and how that is known: set in the panel; else said by the machine's settings or by what its
 * ports are bound on; else found. Behind NAT a network card has an address that only neighbours reach: then the one whence the
 * agent dialled counts, if the whole internet reaches that. null: the node never said.
 */
export function effectiveAddress({ specs, overrides, observedAddress }: Settings): Address | null {
  if (overrides.address) return { address: overrides.address, source: 'panel' }
  if (!specs) return null
  const { address } = specs
  // An agent of before says no source.
  const source = specs.addressSource ?? 'settings'
  const observed = observedAddress && kindOf(observedAddress) !== 'loopback' ? observedAddress : null
  const isNowhere = address === '0.0.0.0' || address === '::'
  if ((source === 'settings' || source === 'bind') && !isNowhere) return { address, source }
  if (source === 'card' && !isNowhere && (kindOf(address) === 'global' || !observed || kindOf(observed) !== 'global'))
    return { address, source }
  if (observed) return { address: observed, source: 'observed' }
  return isNowhere ? null : { address, source }
}

/** The address of a connection; IPv4 that came over an IPv6 socket is told as IPv4. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped ?? address
}

const LOOPBACK = /^(?:127\.|::1$)/
/** Addresses for use within a network: RFC 1918, 3927, 6598, 4193, 4291. */
const LOCAL =
  /^(?:0\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i

function kindOf(address: string): 'loopback' | 'local' | 'global' {
  if (LOOPBACK.test(address)) return 'loopback'
  return LOCAL.test(address) ? 'local' : 'global'
}
