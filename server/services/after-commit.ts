import type { InstanceRecord } from '../ports'
import type { FleetKnowledge } from './fleet-knowledge'
import type { InstanceWriterDeps } from './instance-writer'
import type { NodeNews } from './node-news'
import type { Reconciler } from './reconciler'
import type { ServiceLog } from './service-log'

/** Counts what happens in the fleet. */
export interface FleetWatch {
  committed(before: InstanceRecord | null, after: InstanceRecord): void
  crashed(nodeId: string | null): void
  forgetNode(nodeId: string): void
}

/** What follows from every commit of an instance: it is counted, logged and told, boards follow, and the reconciler looks again. */
export function createAfterCommit(deps: {
  knowledge: Pick<FleetKnowledge, 'usage' | 'trace' | 'progress' | 'forgetInstance'>
  watch: Pick<FleetWatch, 'committed' | 'crashed'>
  news: Pick<NodeNews, 'tell'>
  reconciler: Pick<Reconciler, 'wake' | 'roomChanged'>
  log: Pick<ServiceLog, 'info' | 'warn'>
}): InstanceWriterDeps['onCommitted'] {
  const { knowledge, watch, news, reconciler, log } = deps
  const { usage, trace, progress } = knowledge

  function logState(before: InstanceRecord | null, { id, nodeId, state, generation, reason }: InstanceRecord): void {
    const facts = {
      requestId: trace.requestOf(id),
      instanceId: id,
      nodeId,
      from: before?.state ?? null,
      state,
      generation,
      reason: reason?.code ?? null,
    }
    if (state === 'FAILED') log.warn(facts, 'A server changed its state')
    else log.info(facts, 'A server changed its state')
  }

  return (before, after, events) => {
    const { id, nodeId, state } = after
    const hasMoved = before?.state !== state
    watch.committed(before, after)
    if (events.some(event => event.kind === 'crash')) watch.crashed(nodeId)
    // A stop and a destruction want something else of the same generation.
    if (before?.generation !== after.generation || before.desired !== after.desired) trace.note(id)
    usage.follow(before, after)
    if (hasMoved) logState(before, after)
    if (state !== 'PREPARING') progress.forget(id)
    if (nodeId !== null && (hasMoved || before.nodeId !== nodeId)) news.tell(nodeId)
    if (state === 'DESTROYED') {
      knowledge.forgetInstance(id)
      reconciler.roomChanged()
    }
    reconciler.wake(id)
  }
}
