import type { InstanceEvent } from '../../../shared/schemas/event'
import { isAtRest } from '../../domain/decide/at-rest'
import type { InstanceRecord, NewInstanceEvent } from '../../ports'
import type { instanceEvents, instances } from '../schema'

export type InstanceRow = typeof instances.$inferSelect
type EventRow = typeof instanceEvents.$inferSelect

/** A record as a row: what queries sum or filter by stands beside it in columns of its own. */
export function toInstanceRow(record: InstanceRecord): InstanceRow {
  const { memoryMb = 0, cpus = 0, diskMb = 0 } = record.effective.resources
  return {
    ...record,
    reservedMemoryMb: memoryMb,
    reservedCpus: cpus,
    reservedDiskMb: diskMb,
    atRest: isAtRest(record),
  }
}

export function toInstanceRecord(row: InstanceRow): InstanceRecord {
  const { reservedMemoryMb: _memory, reservedCpus: _cpus, reservedDiskMb: _disk, atRest: _atRest, ...record } = row
  return record
}

export function toEventRow(instanceId: string, at: number, event: NewInstanceEvent): Omit<EventRow, 'id'> {
  const { actor, ...rest } = event
  return { ...rest, instanceId, at, actorKind: actor.kind, actorId: actor.id, actorName: actor.name }
}

export function toEvent(row: EventRow): InstanceEvent {
  const { id, actorKind, actorId, actorName, ...rest } = row
  return { ...rest, id: String(id), actor: { kind: actorKind, id: actorId, name: actorName } }
}
