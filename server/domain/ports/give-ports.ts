import type { InstancePort } from '../../../shared/schemas/instance'
import { hostPortKey } from './port-ranges'

export interface PortSupply {
  /** Range of a node's host ports for instances, ends included. */
  range: { from: number; to: number }
  /** Keys (`tcp/25000`) that other instances of the node hold. */
  unavailable: ReadonlySet<string>
  /** Keys that a stranger on the machine holds: not given by choice, but given when asked for by number. */
  setAside: ReadonlySet<string>
}

export interface GivenPorts {
  ports: InstancePort[]
  /** What could not be given, in words; empty when all could. */
  problems: { port: string; message: string }[]
}

/**
 * Gives a host port to every port that needs one: a fixed one exactly as asked, another the one it has if that is
 * still good, else the lowest free one of the node's range. A port that is not exposed has none. Changes nothing
 * itself: two callers may be given the same, and the database decides.
 */
export function givePorts(wanted: readonly InstancePort[], supply: PortSupply): GivenPorts {
  const unavailable = new Set(supply.unavailable)
  const problems: GivenPorts['problems'] = []
  const given = new Map<string, number | null>()

  // Fixed ones first, so that no other port is given what was asked for by number.
  for (const port of [...wanted].sort((a, b) => Number(b.fixed) - Number(a.fixed))) {
    const host = port.expose === 'none' ? null : pick(port)
    given.set(port.name, host)
    if (host !== null) unavailable.add(keyOf(port, host))
  }
  return { ports: wanted.map(port => ({ ...port, host: given.get(port.name) ?? null })), problems }

  function pick(port: InstancePort): number | null {
    if (port.fixed && port.host !== null) {
      if (!unavailable.has(keyOf(port, port.host))) return port.host
      const message = `Port ${port.host}/${port.protocol} (${port.name}) is held by another server of the node.`
      problems.push({ port: port.name, message })
      return null
    }
    if (port.host !== null && isFree(port, port.host)) return port.host
    for (let host = supply.range.from; host <= supply.range.to; host++) if (isFree(port, host)) return host
    const message = `No ${port.protocol} port is free between ${supply.range.from} and ${supply.range.to} (${port.name}).`
    problems.push({ port: port.name, message })
    return null
  }

  function isFree(port: InstancePort, host: number): boolean {
    const key = keyOf(port, host)
    return !unavailable.has(key) && !supply.setAside.has(key)
  }
}

function keyOf({ protocol }: InstancePort, port: number): string {
  return hostPortKey({ protocol, port })
}
