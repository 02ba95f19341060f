import type { InstanceState } from '../../shared/domain/instance-state'
import { mayHaveProcess } from '../../shared/domain/instance-state'
import type { Actor, Reason } from '../../shared/schemas/event'
import type { InstanceRecord, NewInstanceEvent } from './instance-record'

/** What one commit writes: made by pure functions, carried out by the store, told to the panel afterwards. */
export interface InstanceChange {
  change: Partial<Omit<InstanceRecord, 'id' | 'revision' | 'createdAt'>>
  events: NewInstanceEvent[]
}

export const SYSTEM: Actor = { kind: 'system', id: null, name: 'Strata' }

/** The game server itself, as an actor. */
export function serverActor(record: Pick<InstanceRecord, 'id' | 'name'>): Actor {
  return { kind: 'server', id: record.id, name: record.name }
}

/** One event of an instance, with what every event tells filled in from the record. */
export function eventOf(
  record: Pick<InstanceRecord, 'generation' | 'observed'>,
  event: Pick<NewInstanceEvent, 'kind' | 'cause' | 'message'> & Partial<NewInstanceEvent>,
): NewInstanceEvent {
  return {
    from: null,
    to: null,
    generation: record.generation,
    runId: record.observed?.runId ?? null,
    actor: SYSTEM,
    ...event,
  }
}

/**
 * The part of a change that puts an instance into a state. Without a process the ports of the last run are free
 * again, so nothing is remembered of them.
 */
export function enterState(
  record: Pick<InstanceRecord, 'state' | 'portsInUse'>,
  to: InstanceState,
  reason: Reason | null,
  now: number,
): InstanceChange['change'] {
  return {
    state: to,
    reason,
    stateSince: now,
    ...(record.portsInUse && !mayHaveProcess(to) ? { portsInUse: null } : {}),
  }
}
