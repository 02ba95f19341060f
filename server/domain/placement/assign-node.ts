import type { InstancePort } from '../../../shared/schemas/instance'
import { eventOf } from '../instance-change'
import type { InstanceChange } from '../instance-change'
import type { InstanceRecord } from '../instance-record'

/** Gives an instance to a node, together with its host ports; `null` when it needs no place any more. */
export function assignNode(
  record: InstanceRecord,
  node: { id: string; name: string },
  ports: InstancePort[],
): InstanceChange | null {
  if (!needsPlace(record)) return null
  const numbers = ports.flatMap(port => (port.host === null ? [] : [`${port.name} ${port.host}/${port.protocol}`]))
  const message = `Placed on "${node.name}"${numbers.length > 0 ? ` with the ports ${numbers.join(', ')}` : ''}.`
  return {
    change: { nodeId: node.id, ports, reason: null },
    events: [eventOf(record, { kind: 'placed', cause: 'placed', message })],
  }
}

/** Says why an instance waits; `null` when that is said already. */
export function waitForNode(record: InstanceRecord, message: string, now: number): InstanceChange | null {
  if (!needsPlace(record) || record.reason?.message === message) return null
  const isNew = record.reason?.code !== 'NO_NODE_FITS'
  return {
    change: { reason: { code: 'NO_NODE_FITS', message, at: now } },
    events: isNew ? [eventOf(record, { kind: 'note', cause: 'placement.waiting', message })] : [],
  }
}

export function needsPlace(record: InstanceRecord): boolean {
  return record.state === 'REQUESTED' && record.nodeId === null && record.desired !== 'destroyed'
}
