import type { InstanceRecord } from '../record'

/** The one thing to do next for an instance. */
export type Step =
  /** Nothing until something happens, or until a time. */
  | { kind: 'rest'; until: number | null }
  /** Ask the runtime what became of the run. */
  | { kind: 'look' }
  /** Give back container, volume and hold on layers. */
  | { kind: 'clean' }
  | { kind: 'prepare' }
  | { kind: 'start' }
  /** Remove the container that proved the mount: no start followed. */
  | { kind: 'dropProof' }
  /** Ask the server to stop, by its input or a signal. */
  | { kind: 'ask' }
  | { kind: 'signal' }
  | { kind: 'kill' }
  /** There is no process any more: say so. */
  | { kind: 'settle' }
  | { kind: 'destroy' }

/** What is true now and not in the record. */
export interface Moment {
  now: number
  /** Something may have happened to the run. */
  isLookDue: boolean
  /** A prepare is under way. */
  isPreparing: boolean
  /** The server was asked to stop by this agent, not only by the one before. */
  wasAsked: boolean
}

const REST: Step = { kind: 'rest', until: null }

/**
 * What follows from what is wanted, what is written down and the time: pure. The same record always gives the same step, so an
 * agent that was killed half-way does the rest and nothing twice.
 */
export function nextStep(record: InstanceRecord, moment: Moment): Step {
  if (record.wanted === 'destroyed') return moment.isPreparing ? REST : { kind: 'destroy' }
  if (record.run && moment.isLookDue) return { kind: 'look' }
  if (record.cleanupDue !== 'none' && !record.run) return { kind: 'clean' }
  if (record.prepareDue) return moment.isPreparing ? REST : { kind: record.wanted === 'stopped' ? 'settle' : 'prepare' }
  switch (record.state) {
    case 'PREPARED':
      return record.wanted === 'running' ? { kind: 'start' } : prepared(record, moment)
    case 'STARTING':
      return starting(record, moment)
    case 'RUNNING':
      return record.wanted === 'running' ? REST : { kind: 'ask' }
    case 'STOPPING':
      return stopping(record, moment)
    default:
      return REST
  }
}

function prepared({ proof }: InstanceRecord, { now }: Moment): Step {
  if (!proof) return REST
  return now < proof.until ? { kind: 'rest', until: proof.until } : { kind: 'dropProof' }
}

function starting(record: InstanceRecord, { now }: Moment): Step {
  if (record.wanted !== 'running') return record.run ? { kind: 'ask' } : { kind: 'settle' }
  if (record.run) return record.run.phase === 'creating' ? { kind: 'start' } : REST
  return record.restartAt !== null && now < record.restartAt
    ? { kind: 'rest', until: record.restartAt }
    : { kind: 'start' }
}

/**
 * With an input line the signal follows after half of the grace: a server that understands the line should not be disturbed while it
 * saves. After the whole grace it is killed.
 */
function stopping(record: InstanceRecord, { now, wasAsked }: Moment): Step {
  if (!record.run) return { kind: 'settle' }
  if (!record.stop) return { kind: 'ask' }
  if (record.stop.step === 'killed') return REST
  const graceMs = record.spec.runtime.stop.graceSeconds * 1_000
  const killAt = record.stop.askedAt + graceMs
  if (record.stopNow || now >= killAt) return { kind: 'kill' }
  // A second signal means "at once" to many servers; a second line does no harm.
  if (record.stop.step === 'signalled') return { kind: 'rest', until: killAt }
  if (!wasAsked) return { kind: 'ask' }
  const signalAt = record.stop.askedAt + graceMs / 2
  return now >= signalAt ? { kind: 'signal' } : { kind: 'rest', until: signalAt }
}
