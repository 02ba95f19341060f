import { pathBetween } from '../../../shared/domain/instance-state'
import type { InstanceState } from '../../../shared/domain/instance-state'
import type { Observation } from '../../../shared/protocol/agent'
import type { Reason } from '../../../shared/schemas/event'
import { lockImage } from '../image-lock'
import type { InstanceRecord, NewInstanceEvent } from '../instance-record'
import { enterState, eventOf, serverActor, SYSTEM } from '../instance-change'
import type { InstanceChange } from '../instance-change'
import { forgetHeld } from './forget-held'
import { transitionWords } from './observation-words'

/**
 * What one observation of a node changes; `null` when it is old news. Observations carry a number that grows
 * with every observation of the instance: whatever is delivered twice, late or out of order changes nothing.
 *
 * The state follows the transition table. Where steps between were not seen, one event says so; a state that
 * cannot be reached at all (a node that reports RUNNING for what is being destroyed) is noted and not taken over.
 *
 * @param options.isWholeTruth it is part of a report, which the node makes of what it holds as it sends it. A lower number is
 *   then no old news: the node's own memory was put back (a restored disk, a cloned machine), and what it says is what is there.
 */
export function applyObservation(
  record: InstanceRecord,
  observation: Observation,
  now: number,
  { isWholeTruth = false }: { isWholeTruth?: boolean } = {},
): InstanceChange | null {
  const lastSeq = record.observed?.seq ?? -1
  const isOldNews = isWholeTruth ? observation.seq === lastSeq : observation.seq <= lastSeq
  if (record.state === 'DESTROYED' || isOldNews) return null
  if (observation.state === 'DESTROYED' && record.desired !== 'destroyed') return forgetHeld(record, now)

  const observed = observedOf(observation)
  const path =
    observation.state === 'DESTROYING' && record.desired !== 'destroyed'
      ? undefined
      : pathBetween(record.state, observation.state)
  if (!path) return noteImpossible(record, observation, observed, now)

  const reason = reasonOf(observation, now)
  const isNewest = observation.generation >= record.generation
  const base: InstanceChange = {
    change: {
      observed,
      appliedGeneration: observation.generation,
      ...(record.portsInUse && isNewest ? { portsInUse: null } : {}),
    },
    events: [],
  }
  const steps =
    path.length > 0 || isNewTry(record, observation)
      ? moveTo(record, observation, path, reason, now)
      : stay(record, reason)
  const exit = leftByItself(record, observation) ? stopWanted(record, observation) : null
  return merge(base, catchUp(record, observation), lockImage(record, observation), steps, exit)
}

function moveTo(
  record: InstanceRecord,
  observation: Observation,
  path: readonly InstanceState[],
  reason: Reason | null,
  now: number,
): InstanceChange {
  const to = observation.state
  const event = eventOf(record, {
    kind: isCrash(observation) ? 'crash' : 'transition',
    from: record.state,
    to,
    generation: observation.generation,
    runId: observation.runId,
    actor: observation.actor === 'server' ? serverActor(record) : SYSTEM,
    cause: observation.cause,
    message: transitionWords(observation, path, record.reason?.message),
  })
  return {
    change: { ...enterState(record, to, reason, now), ...(to === 'PREPARED' ? { prepareAttempts: 0 } : {}) },
    events: [event],
  }
}

/** The state stands; only why it is so may have changed. That a server is overdue is the brain's own finding, and stays. */
function stay(record: InstanceRecord, reason: Reason | null): InstanceChange {
  if (!reason) return { change: record.reason && record.reason.code !== 'OVERDUE' ? { reason } : {}, events: [] }
  if (record.reason?.code === reason.code && record.reason.message === reason.message) return { change: {}, events: [] }
  const event = eventOf(record, {
    kind: 'note',
    from: record.state,
    to: record.state,
    cause: 'node.reported',
    message: reason.message,
  })
  return { change: { reason }, events: [event] }
}

/** A new run, or a new generation, in the same state as before. */
function isNewTry(record: InstanceRecord, observation: Observation): boolean {
  if (record.appliedGeneration !== observation.generation) return true
  const hasRun = observation.runId !== null && record.observed?.runId != null
  if (hasRun && record.observed?.runId !== observation.runId) return true
  // A restart that is waited for has no run yet, but it is counted.
  return observation.state === 'STARTING' && observation.restarts !== record.observed?.restarts
}

/**
 * The server ended by itself, its node did not start it again, and no newer run is wanted: that is what is wanted now.
 */
function leftByItself(record: InstanceRecord, observation: Observation): boolean {
  return (
    observation.state === 'STOPPED' &&
    observation.actor === 'server' &&
    observation.cause.startsWith('exit.') &&
    record.desired === 'running' &&
    observation.generation >= record.startGeneration
  )
}

function stopWanted(record: InstanceRecord, observation: Observation): InstanceChange {
  return {
    change: { desired: 'stopped', stopMode: 'graceful' },
    events: [
      eventOf(record, {
        kind: 'wish',
        from: 'running',
        to: 'stopped',
        runId: observation.runId,
        actor: serverActor(record),
        cause: observation.cause,
        message: 'The server ended by itself, so it stays stopped until somebody starts it.',
      }),
    ],
  }
}

/**
 * The node knows a generation that the brain never gave: the brain's database is older than the node's truth. What
 * runs goes on; the brain's wish becomes the newest generation and shows as pending.
 */
function catchUp(record: InstanceRecord, observation: Observation): InstanceChange | null {
  if (observation.generation <= record.generation) return null
  const generation = observation.generation + 1
  const message =
    `The node holds generation ${observation.generation}, newer than the brain's ${record.generation}: the brain's database was put ` +
    `back. What runs goes on; what the brain knows becomes generation ${generation} and applies at the next start.`
  return {
    change: { generation },
    events: [eventOf(record, { kind: 'note', generation, cause: 'generation.caught-up', message })],
  }
}

function noteImpossible(
  record: InstanceRecord,
  observation: Observation,
  observed: InstanceRecord['observed'],
  now: number,
): InstanceChange {
  const reason = reasonOf(observation, now)
  const isNews = reason !== null && reason.message !== record.reason?.message
  const message =
    reason?.message ?? `The node reports ${observation.state} while the server is ${record.state}; the state is kept.`
  return {
    change: { observed, ...(isNews ? { reason } : {}) },
    events: [eventOf(record, { kind: 'note', runId: observation.runId, cause: 'node.reported', message })],
  }
}

function observedOf(observation: Observation): InstanceRecord['observed'] {
  const { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines } = observation
  return { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines }
}

function reasonOf({ reason }: Observation, now: number): Reason | null {
  return reason ? { ...reason, at: now } : null
}

function isCrash({ cause }: Observation): boolean {
  return cause === 'exit.crash'
}

function merge(...parts: (InstanceChange | null)[]): InstanceChange {
  const change: InstanceChange['change'] = {}
  const events: NewInstanceEvent[] = []
  for (const part of parts) {
    Object.assign(change, part?.change)
    events.push(...(part?.events ?? []))
  }
  return { change, events }
}
