import { mayHaveProcess } from '../../../shared/domain/instance-state'
import { AppError } from '../../../shared/errors'
import type { Actor } from '../../../shared/schemas/event'
import type { InstanceRecord } from '../instance-record'
import { eventOf } from '../instance-change'
import type { InstanceChange } from '../instance-change'

/**
 * What somebody wants of an instance, as a change of its record; `null` when it is wanted already, so that fifty
 * double clicks have one effect. Nothing here waits for a node or asks whether there is one.
 *
 * All throw INSTANCE_DESTROYED once destruction is wanted: it cannot be taken back.
 */
export type Wish = (record: InstanceRecord, actor: Actor) => InstanceChange | null

/** Run it. A server that failed is tried again; one that runs, or is on its way, is left as it is. */
export const wishStart: Wish = (record, actor) => {
  refuseDestroyed(record)
  if (record.desired === 'running' && (record.state !== 'FAILED' || isNewRunPending(record))) return null
  return newRun(record, actor, 'start.requested', 'Start requested.')
}

/** Stop what runs and run it anew. While a new run is still to come, one more wish changes nothing. */
export const wishRestart: Wish = (record, actor) => {
  refuseDestroyed(record)
  const mayRun = record.state === 'STARTING' || record.state === 'RUNNING' || record.state === 'FAILED'
  if (record.desired === 'running' && (!mayRun || isNewRunPending(record))) return null
  return newRun(record, actor, 'restart.requested', 'Restart requested.')
}

/**
 * Try again what failed, keeping what is wanted. INVALID_TRANSITION when nothing failed and nothing is on its way.
 */
export const wishRetry: Wish = (record, actor) => {
  refuseDestroyed(record)
  if (record.state === 'FAILED') {
    if (isNewRunPending(record)) return null
    const generation = record.generation + 1
    return {
      change: { generation, startGeneration: generation, stopMode: 'none', prepareAttempts: 0 },
      events: [
        eventOf(record, {
          kind: 'wish',
          from: record.desired,
          to: record.desired,
          generation,
          actor,
          cause: 'retry.requested',
          message: 'Another try requested.',
        }),
      ],
    }
  }
  if (record.state === 'REQUESTED' || record.state === 'PREPARING') return null
  if (record.desired === 'running' && record.state !== 'RUNNING') return null
  throw new AppError(
    'INVALID_TRANSITION',
    `"${record.name}" is ${record.state}: nothing failed that could be tried again. Use start or restart.`,
  )
}

/**
 * Stop it with its own grace; what is still being prepared is given up, also where it was never meant to run. A kill that is under way
 * is not taken back.
 */
export const wishStop: Wish = (record, actor) => {
  refuseDestroyed(record)
  const isGivenUp = record.state === 'PREPARING' && record.stopMode === 'none'
  if (record.desired === 'stopped' && !isGivenUp) return null
  return {
    change: { desired: 'stopped', stopMode: 'graceful' },
    events: [wishEvent(record, 'stopped', actor, 'stop.requested', 'Stop requested.')],
  }
}

/** Stop it without grace. Also hastens a server that is being stopped in order to be destroyed. */
export const wishKill: Wish = (record, actor) => {
  const isDestruction = record.desired === 'destroyed'
  if (isDestruction && !mayHaveProcess(record.state)) refuseDestroyed(record)
  if (record.desired !== 'running' && (record.stopMode === 'kill' || !mayHaveProcess(record.state))) return null
  const desired = isDestruction ? 'destroyed' : 'stopped'
  return {
    change: { desired, stopMode: 'kill' },
    events: [wishEvent(record, desired, actor, 'kill.requested', 'Kill requested: no time to save anything.')],
  }
}

/** Remove it with everything it wrote. A running server is stopped first. Twice is the same as once. */
export const wishDestroy: Wish = (record, actor) => {
  if (record.desired === 'destroyed') return null
  return {
    change: { desired: 'destroyed' },
    events: [wishEvent(record, 'destroyed', actor, 'destroy.requested', 'Destruction requested.')],
  }
}

/** INSTANCE_DESTROYED when the instance is gone or going. */
export function refuseDestroyed(record: InstanceRecord): void {
  if (record.desired !== 'destroyed') return
  const [words, ending] = record.state === 'DESTROYED' ? ['was destroyed', 'is kept'] : ['is being destroyed', 'stays']
  throw new AppError(
    'INSTANCE_DESTROYED',
    `"${record.name}" ${words}. Its record ${ending}; create a new server instead.`,
  )
}

/** True while a run that was asked for has not reached the node yet. */
function isNewRunPending(record: InstanceRecord): boolean {
  return record.startGeneration > (record.appliedGeneration ?? 0)
}

function newRun(record: InstanceRecord, actor: Actor, cause: string, message: string): InstanceChange {
  const generation = record.generation + 1
  return {
    change: { desired: 'running', generation, startGeneration: generation, stopMode: 'none', prepareAttempts: 0 },
    events: [{ ...wishEvent(record, 'running', actor, cause, message), generation }],
  }
}

function wishEvent(
  record: InstanceRecord,
  to: InstanceRecord['desired'],
  actor: Actor,
  cause: string,
  message: string,
) {
  return eventOf(record, { kind: 'wish', from: record.desired, to, actor, cause, message })
}
