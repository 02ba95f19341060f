import { pathBetween } from '../../../shared/domain/instance-state'
import type { InstanceState } from '../../../shared/domain/instance-state'
import type { NewInstanceEvent } from '../instance-record'
import { enterState, eventOf } from '../instance-change'
import type { InstanceChange } from '../instance-change'
import type { InstanceRecord } from '../instance-record'

/** A state, or a reason beside the state, that the brain finds by itself and no node reports. */
export function applyMark(
  record: InstanceRecord,
  mark: { state: InstanceState; reason: { code: string; message: string } | null },
  now: number,
): InstanceChange {
  const reason = mark.reason && { ...mark.reason, at: now }
  const message = mark.reason?.message ?? 'No node holds anything of it.'
  const cause = mark.reason?.code.toLowerCase().replaceAll('_', '.') ?? 'destroy.requested'
  if (record.state === mark.state) {
    return {
      change: { reason, ...failedAt(record, mark.state) },
      events: [eventOf(record, { kind: 'note', cause, message })],
    }
  }
  return {
    change: { ...enterState(record, mark.state, reason, now), ...failedAt(record, mark.state) },
    events: steps(record, mark.state).map(([from, to]) =>
      eventOf(record, { kind: 'transition', from, to, cause, message }),
    ),
  }
}

/** What failed is what was wanted last: only a newer wish tries again. */
function failedAt(record: InstanceRecord, state: InstanceState): InstanceChange['change'] {
  return state === 'FAILED' ? { appliedGeneration: record.generation } : {}
}

/** One event for each step of the table on the way. */
function steps(record: InstanceRecord, to: InstanceState): [InstanceState, InstanceState][] {
  const path = pathBetween(record.state, to) ?? [to]
  return path.map((state, index) => [path[index - 1] ?? record.state, state])
}

/** A node refused a command: the state stands, and its words are shown. `null` when they are shown already. */
export function noteRefusal(
  record: InstanceRecord,
  refusal: { code: string; message: string },
  now: number,
): InstanceChange | null {
  if (record.reason?.message === refusal.message) return null
  const event: NewInstanceEvent = eventOf(record, { kind: 'note', cause: 'node.refused', message: refusal.message })
  return { change: { reason: { ...refusal, at: now } }, events: [event] }
}

/** PREPARING stood still and is tried again. */
export function noteAttempt(record: InstanceRecord, attempt: number, retries: number): InstanceChange {
  const message = `No progress was seen for a while; the node is asked to prepare again (try ${attempt} of ${retries}).`
  return {
    change: { prepareAttempts: attempt },
    events: [eventOf(record, { kind: 'note', cause: 'prepare.stalled', message })],
  }
}
