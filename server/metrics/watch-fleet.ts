import type { Operation } from '../../shared/schemas/operation'
import type { Clock, InstanceRecord } from '../ports'
import type { BrainMetrics } from './brain-metrics'

/** Counts what happens to servers and operations, from what is committed anyway. */
export function createFleetWatch(metrics: BrainMetrics, clock: Pick<Clock, 'monotonic'>) {
  const preparingSince = new Map<string, number>()
  const active = new Map<string, string>()

  return {
    committed(before: InstanceRecord | null, after: InstanceRecord): void {
      const { id, state } = after
      const node = after.nodeId ?? ''
      const restarts = (after.observed?.restarts ?? 0) - (before?.observed?.restarts ?? 0)
      if (restarts > 0) metrics.restarts.inc({ node }, restarts)
      if (before?.state === state) return
      metrics.transitions.inc({ state })
      const since = preparingSince.get(id)
      if (state === 'PREPARING') preparingSince.set(id, clock.monotonic())
      else if (since !== undefined) {
        preparingSince.delete(id)
        metrics.prepares.observe(
          { result: state === 'PREPARED' ? 'prepared' : state === 'FAILED' ? 'failed' : 'left' },
          (clock.monotonic() - since) / 1_000,
        )
      }
    },

    crashed: (nodeId: string | null) => metrics.crashes.inc({ node: nodeId ?? '' }),

    operation({ id, kind, state, endedAt }: Operation): void {
      if (endedAt === null) {
        if (!active.has(id)) metrics.operations.inc({ kind })
        active.set(id, kind)
        return
      }
      if (active.delete(id)) metrics.operations.dec({ kind })
      metrics.endedOperations.inc({ kind, state })
    },

    /** The node is gone for good: so is what was counted of it. */
    forgetNode(node: string): void {
      metrics.crashes.remove({ node })
      metrics.restarts.remove({ node })
    },
  }
}
