import { mayHaveProcess } from '../../../shared/domain/instance-state'
import type { InstanceState } from '../../../shared/domain/instance-state'
import type { InstanceRecord } from '../instance-record'
import { enterState, eventOf } from '../instance-change'
import type { InstanceChange } from '../instance-change'

const GONE = 'The node no longer holds this server, nor the files it wrote there.'
/** A node that lost an instance counts its observations anew. */
const BEFORE_ANY = -1

/**
 * What follows when a node's whole truth does not name an instance that the brain believes to be there; `null`
 * when nothing was there to lose, or when it is known already.
 *
 * What was being destroyed is destroyed. What ran is stopped, what was laid out is to be laid out again, and what
 * rested says what it lost; then the wish has its way as ever.
 */
export function forgetHeld(record: InstanceRecord, now: number): InstanceChange | null {
  if (record.state === 'DESTROYED') return null
  if (record.desired === 'destroyed') return destroyed(record, now)
  const { observed } = record
  if (!observed || observed.seq === BEFORE_ANY) return null

  const forgotten = { observed: { ...observed, seq: BEFORE_ANY, startedAt: null, planHash: null } }
  // A failure keeps its words and what it failed at: only a new wish tries again.
  if (record.state === 'FAILED') return { change: forgotten, events: [note(record, record.state)] }
  const to = afterLoss(record.state)
  return {
    change: {
      ...forgotten,
      appliedGeneration: null,
      ...enterState(record, to, { code: 'NOT_HELD', message: GONE, at: now }, now),
    },
    events: [note(record, to)],
  }
}

function afterLoss(state: InstanceState): InstanceState {
  if (mayHaveProcess(state)) return 'STOPPED'
  return state === 'PREPARED' ? 'PREPARING' : state
}

function destroyed(record: InstanceRecord, now: number): InstanceChange {
  const gone = 'The node holds nothing of this server any more.'
  const steps: [InstanceState, InstanceState][] =
    record.state === 'DESTROYING'
      ? [['DESTROYING', 'DESTROYED']]
      : [
          [record.state, 'DESTROYING'],
          ['DESTROYING', 'DESTROYED'],
        ]
  return {
    change: enterState(record, 'DESTROYED', null, now),
    events: steps.map(([from, to]) =>
      eventOf(record, { kind: 'transition', from, to, cause: 'node.reported', message: gone }),
    ),
  }
}

function note(record: InstanceRecord, to: InstanceState) {
  const kind = to === record.state ? 'note' : 'transition'
  return eventOf(record, { kind, from: record.state, to, cause: 'node.reported', message: GONE })
}
