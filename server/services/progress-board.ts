import type { AgentToBrain } from '../../shared/protocol/agent'
import type { Instance } from '../../shared/schemas/instance'
import type { Clock } from '../ports'

/** How far preparing has come, and when it last moved. In memory: after a restart of the brain every clock begins anew. */
export interface ProgressBoard {
  report(progress: AgentToBrain['instance.progress']): void
  /** Something else showed that the node works on it. */
  touch(instanceId: string): void
  /** Time since the last sign of progress in this state; 0 at the first question. */
  quietMs(instanceId: string, stateSince: number): number
  of(instanceId: string): Instance['progress']
  forget(instanceId: string): void
}

interface Entry {
  stateSince: number | null
  movedAt: number
  progress: Instance['progress']
}

export function createProgressBoard(clock: Pick<Clock, 'monotonic'>): ProgressBoard {
  const entries = new Map<string, Entry>()
  const entryOf = (id: string): Entry => {
    const entry = entries.get(id) ?? { stateSince: null, movedAt: clock.monotonic(), progress: null }
    entries.set(id, entry)
    return entry
  }

  return {
    report({ instanceId, step, doneBytes, totalBytes }) {
      Object.assign(entryOf(instanceId), { movedAt: clock.monotonic(), progress: { step, doneBytes, totalBytes } })
    },
    touch(instanceId) {
      const entry = entries.get(instanceId)
      if (entry) entry.movedAt = clock.monotonic()
    },
    quietMs(instanceId, stateSince) {
      const entry = entryOf(instanceId)
      if (entry.stateSince !== stateSince) Object.assign(entry, { stateSince, movedAt: clock.monotonic() })
      return clock.monotonic() - entry.movedAt
    },
    of: instanceId => entries.get(instanceId)?.progress ?? null,
    forget: instanceId => void entries.delete(instanceId),
  }
}
