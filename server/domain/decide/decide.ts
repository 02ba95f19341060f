import { POLICY } from '../../../shared/domain/policy'
import type { Action, CommandKind, Subject, Surroundings } from './actions'

export type DecidePolicy = Pick<typeof POLICY, 'channel' | 'prepare'>

/**
 * What follows from what is wanted, what was observed, and the time: the heart of the brain, and pure.
 *
 * - Commands are idempotent; the same one is not given again within `channel.resendMs` while nothing changed.
 * - Nothing is sent to a node that is not ready: the wish stays in the record.
 * - Only the wish `destroyed` destroys. A server that is late to become ready is told, never killed.
 *
 * Called again with the same input it answers the same; an empty answer means that nothing is to be done now, not
 * that nothing is wanted.
 */
export function decide(subject: Subject, around: Surroundings, policy: DecidePolicy = POLICY): Action[] {
  if (subject.nodeId === null) return decideWithoutNode(subject, around, policy)
  if (!around.isNodeReady) return []
  return wantedActions(subject, around, policy).filter(
    action => action.kind === 'mark' || action.kind === 'place' || !wasSent(action, subject, around, policy),
  )
}

function decideWithoutNode(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  if (subject.state === 'DESTROYED') return []
  if (subject.desired === 'destroyed') return [{ kind: 'mark', state: 'DESTROYED', reason: null }]
  const triedLately = around.placeTriedMsAgo !== null && around.placeTriedMsAgo < policy.channel.resendMs
  return subject.state === 'REQUESTED' && !triedLately ? [{ kind: 'place' }] : []
}

function wantedActions(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  if (subject.state === 'DESTROYED') return around.isStillHeld ? [command('destroy', subject)] : []
  switch (subject.desired) {
    case 'destroyed':
      return toDestroyed(subject)
    case 'stopped':
      return toStopped(subject, around, policy)
    case 'running':
      return toRunning(subject, around, policy)
  }
}

/** A running server is stopped first, so that it saves its world. */
function toDestroyed(subject: Subject): Action[] {
  switch (subject.state) {
    case 'STARTING':
    case 'RUNNING':
    case 'STOPPING':
      return end(subject)
    default:
      return [command('destroy', subject)]
  }
}

function toStopped(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  switch (subject.state) {
    case 'STARTING':
    case 'RUNNING':
    case 'STOPPING':
      return end(subject)
    case 'PREPARING':
      // Somebody said stop while it was fetched: that is given up. Created as stopped it is to be laid out.
      return subject.stopMode === 'none' || subject.appliedGeneration === null
        ? whilePreparing(subject, around, policy)
        : [command('stop', subject)]
    default:
      return prepareIfDue(subject, around, policy)
  }
}

function toRunning(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  switch (subject.state) {
    case 'PREPARED':
      return [isBehind(subject, subject.generation) ? prepare(subject) : command('start', subject)]
    case 'STARTING':
    case 'RUNNING':
      return isBehind(subject, subject.startGeneration) ? end(subject) : markIfOverdue(subject, around, policy)
    case 'STOPPED':
      return [prepare(subject)]
    default:
      return prepareIfDue(subject, around, policy)
  }
}

/** Getting laid out is the same whether the server is to run afterwards or not. */
function prepareIfDue(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  switch (subject.state) {
    case 'REQUESTED':
      return [prepare(subject)]
    case 'FAILED':
      return isBehind(subject, subject.startGeneration) ? [prepare(subject)] : []
    case 'PREPARING':
      return whilePreparing(subject, around, policy)
    default:
      return []
  }
}

function whilePreparing(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  // Something newer is wanted than what is being laid out: the node need not finish first.
  if (isBehind(subject, subject.generation) && !wasToldNewest(subject, around)) return [prepare(subject)]
  if (around.quietMs < policy.prepare.stalledAfterMs) return []
  if (subject.prepareAttempts < policy.prepare.retries) {
    return [{ kind: 'prepare', generation: subject.generation, attempt: subject.prepareAttempts + 1 }]
  }
  const minutes = Math.round(policy.prepare.stalledAfterMs / 60_000)
  const message =
    `The node showed no progress for ${minutes} minutes, ${policy.prepare.retries + 1} times in a row. ` +
    'Look at its disk, its network and its log, then retry.'
  return [{ kind: 'mark', state: 'FAILED', reason: { code: 'PREPARE_STALLED', message } }]
}

/** The node prepares something older, but is told of the newest already: its word on that is still to come. */
function wasToldNewest(subject: Subject, { sent }: Surroundings): boolean {
  if (sent?.kind !== 'prepare' || sent.generation !== subject.generation) return false
  // Without any generation the node has lost what it was told, unless it was told since.
  return subject.appliedGeneration !== null || sent.stateSince === subject.stateSince
}

/** The node says so by itself; the brain only makes good for one that does not. */
function markIfOverdue(subject: Subject, around: Surroundings, policy: DecidePolicy): Action[] {
  const limit = subject.effective.readyTimeoutSeconds
  const lateMs = around.now - subject.stateSince - limit * 1_000
  const isLate = subject.state === 'STARTING' && lateMs > policy.channel.resendMs
  // A reason that is there says more: a restart is being waited for, or the node was quicker.
  if (!isLate || subject.reason) return []
  const message =
    `The server did not say that it is ready within ${limit} s. It is left alone, because some servers are slow. ` +
    'Read its console; stop or kill it if it hangs.'
  return [{ kind: 'mark', state: 'STARTING', reason: { code: 'OVERDUE', message } }]
}

/** Ends the process; once it is asked to stop, only a kill is left to say. */
function end(subject: Subject): Action[] {
  if (subject.stopMode === 'kill') return [command('kill', subject)]
  return subject.state === 'STOPPING' ? [] : [command('stop', subject)]
}

function prepare(subject: Subject): Action {
  return { kind: 'prepare', generation: subject.generation, attempt: null }
}

function command(kind: Exclude<CommandKind, 'prepare'>, subject: Subject): Action {
  return { kind, generation: subject.generation }
}

/** True when what is laid out or runs is older than `generation`. */
function isBehind(subject: Subject, generation: number): boolean {
  return (subject.appliedGeneration ?? 0) < generation
}

function wasSent(
  action: Extract<Action, { generation: number }>,
  subject: Subject,
  { sent }: Surroundings,
  policy: DecidePolicy,
): boolean {
  if (sent?.kind !== action.kind || sent.generation !== action.generation) return false
  // A kill or a destruction is not another one because the node has begun with it.
  const isSame = action.kind === 'kill' || action.kind === 'destroy' || sent.stateSince === subject.stateSince
  return isSame && sent.sinceMs < policy.channel.resendMs
}
