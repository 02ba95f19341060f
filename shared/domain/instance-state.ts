/** Instance states: a sentence each, the table of what may follow what, and questions about it. */
export const INSTANCE_STATES = {
  REQUESTED: 'Wanted; no node has taken it yet.',
  PREPARING: 'The node fetches and lays out the layers.',
  PREPARED: 'Laid out and proven mountable; nothing runs.',
  STARTING: 'Created and not ready yet, waiting out a restart delay, or overdue; the reason says which.',
  RUNNING: 'The server said that it is ready.',
  STOPPING: 'Asked to stop; the grace period runs.',
  STOPPED: 'No process; its own files are kept.',
  FAILED: 'Strata gave up; the reason says why and what to do.',
  DESTROYING: 'Container, volume and directory are being removed.',
  DESTROYED: 'Gone; the record is kept.',
} as const satisfies Record<string, string>

export type InstanceState = keyof typeof INSTANCE_STATES
export const INSTANCE_STATE_NAMES = Object.keys(INSTANCE_STATES) as [InstanceState, ...InstanceState[]]

/** What is wanted of an instance. */
export const DESIRED_STATES = ['running', 'stopped', 'destroyed'] as const
export type DesiredState = (typeof DESIRED_STATES)[number]

/** One step. STARTING → STARTING is a restart that is delayed or tried again. */
export const TRANSITIONS: Record<InstanceState, readonly InstanceState[]> = {
  REQUESTED: ['PREPARING', 'FAILED', 'DESTROYING'],
  PREPARING: ['PREPARED', 'STOPPED', 'FAILED', 'DESTROYING'],
  PREPARED: ['STARTING', 'PREPARING', 'DESTROYING'],
  STARTING: ['RUNNING', 'STARTING', 'STOPPING', 'STOPPED', 'FAILED'],
  RUNNING: ['STARTING', 'STOPPING', 'STOPPED', 'FAILED'],
  STOPPING: ['STOPPED'],
  STOPPED: ['PREPARING', 'DESTROYING'],
  FAILED: ['PREPARING', 'DESTROYING'],
  DESTROYING: ['DESTROYED'],
  DESTROYED: [],
}

/** True when `to` may directly follow `from`. */
export function canBecome(from: InstanceState, to: InstanceState): boolean {
  return TRANSITIONS[from].includes(to)
}

/**
 * The states passed on the shortest way from one state to another, `to` included, `from` not; undefined when
 * there is none. A node that was out of reach reports where it is now: the steps between happened unseen.
 * A → A is the empty way.
 */
export function pathBetween(from: InstanceState, to: InstanceState): InstanceState[] | undefined {
  if (from === to) return []
  const cameFrom = new Map<InstanceState, InstanceState>()
  const queue: InstanceState[] = [from]
  for (let state = queue.shift(); state; state = queue.shift()) {
    for (const next of TRANSITIONS[state]) {
      if (next === from || cameFrom.has(next)) continue
      cameFrom.set(next, state)
      if (next === to) return unwind(cameFrom, from, to)
      queue.push(next)
    }
  }
  return undefined
}

function unwind(cameFrom: Map<InstanceState, InstanceState>, from: InstanceState, to: InstanceState): InstanceState[] {
  const path: InstanceState[] = []
  for (let at: InstanceState | undefined = to; at && at !== from; at = cameFrom.get(at)) path.unshift(at)
  return path
}

/** States in which a server process may exist. */
export function mayHaveProcess(state: InstanceState): boolean {
  return state === 'STARTING' || state === 'RUNNING' || state === 'STOPPING'
}

/** States from which nothing follows without a new wish. */
export function isSettled(state: InstanceState): boolean {
  return (
    state === 'PREPARED' || state === 'STOPPED' || state === 'FAILED' || state === 'DESTROYED' || state === 'RUNNING'
  )
}
