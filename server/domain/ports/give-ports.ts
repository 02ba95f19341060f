import type { InstancePort } from '../../../shared/schemas/instance'
import { hostPortKey } from './port-ranges'

export interface PortSupply {
  /** Range of a node's host ports for instances, ends included. */
  range: { from: number; to: number }
  /** Keys (`tcp/25000`) that are held or set aside. */
  unavailable: ReadonlySet<string>
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
    if (host !== null) unavailable.add(hostPortKey({ protocol: port.protocol, port: host }))
  }
  return { ports: wanted.map(port => ({ ...port, host: given.get(port.name) ?? null })), problems }

  function pick(port: InstancePort): number | null {
    if (port.host !== null && isFree(port, port.host)) return port.host
    if (port.fixed) {
      problems.push({
        port: port.name,
        message: `Port ${port.host}/${port.protocol} (${port.name}) is held by another server of the node.`,
      })
      return null
    }
    for (let host = supply.range.from; host <= supply.range.to; host++) if (isFree(port, host)) return host
    problems.push({
      port: port.name,
      message: `No ${port.protocol} port is free between ${supply.range.from} and ${supply.range.to} (${port.name}).`,
    })
    return null
  }

  function isFree(port: InstancePort, host: number): boolean {
    return !unavailable.has(hostPortKey({ protocol: port.protocol, port: host }))
  }
}
