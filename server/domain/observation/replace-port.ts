import type { Observation } from '../../../shared/protocol/agent'
import type { InstancePort } from '../../../shared/schemas/instance'
import type { InstanceChange } from '../instance-change'
import { eventOf } from '../instance-change'
import type { InstanceRecord } from '../instance-record'

/**
 * The port that a node found taken by a stranger, when Strata may choose another: it gave the port itself, and the
 * instance is still wanted. `null` otherwise: then a person decides, and the failure says so.
 */
export function replaceablePort(record: InstanceRecord, observation: Observation): InstancePort | null {
  const taken = observation.takenPort
  if (!taken || observation.state !== 'FAILED' || record.desired === 'destroyed') return null
  const port = record.ports.find(({ protocol, host }) => protocol === taken.protocol && host === taken.host)
  return port && !port.fixed ? port : null
}

/** The ports as wanted, with the taken one open to choice again. */
export function withoutHost(ports: readonly InstancePort[], taken: InstancePort): InstancePort[] {
  return ports.map(port => (port.name === taken.name ? { ...port, host: null } : port))
}

/** Another port was found: a new generation, prepared anew, because the server must be told the port it has. */
export function replacePort(record: InstanceRecord, taken: InstancePort, ports: InstancePort[]): InstanceChange {
  const generation = Math.max(record.generation, record.appliedGeneration ?? 0) + 1
  const given = ports.find(port => port.name === taken.name)?.host
  const message =
    `Port ${taken.host}/${taken.protocol} (${taken.name}) is taken on the node by another program. ` +
    `It is set aside, and the server gets port ${given ?? 'none'} instead.`
  return {
    change: { ports, generation, startGeneration: generation, prepareAttempts: 0 },
    events: [eventOf(record, { kind: 'changed', generation, cause: 'port.replaced', message })],
  }
}
