import type { InstanceRecord, InstanceStore, NodeUsage } from '../ports'

/**
 * What living instances hold of each node, in memory: a sum over all instances for every placement would make placing many of them
 * take the square of their number. It follows every commit; the database is read once.
 */
export interface NodeUsageBoard {
  load(): Promise<void>
  /** One commit: the record before it, null for a new one, and after. */
  follow(before: InstanceRecord | null, after: InstanceRecord): void
  of(nodeId: string): NodeUsage
}

/** CPU shares are added and taken away for ever: the dust of binary fractions must not gather. */
const CPU_GRAINS = 1e6

export function createNodeUsageBoard(instances: Pick<InstanceStore, 'usageByNode'>): NodeUsageBoard {
  const byNode = new Map<string, NodeUsage>()
  const of = (nodeId: string): NodeUsage =>
    byNode.get(nodeId) ?? { nodeId, total: 0, running: 0, memoryMb: 0, cpus: 0, diskMb: 0 }

  function add(record: InstanceRecord, sign: 1 | -1): void {
    const { nodeId, state, effective } = record
    if (nodeId === null || state === 'DESTROYED') return
    const { memoryMb = 0, cpus = 0, diskMb = 0 } = effective.resources
    const usage = of(nodeId)
    byNode.set(nodeId, {
      nodeId,
      total: usage.total + sign,
      running: usage.running + (state === 'RUNNING' ? sign : 0),
      memoryMb: usage.memoryMb + sign * memoryMb,
      cpus: Math.round((usage.cpus + sign * cpus) * CPU_GRAINS) / CPU_GRAINS,
      diskMb: usage.diskMb + sign * diskMb,
    })
  }

  return {
    of,
    async load() {
      byNode.clear()
      for (const usage of await instances.usageByNode()) byNode.set(usage.nodeId, usage)
    },
    follow(before, after) {
      if (before) add(before, -1)
      add(after, 1)
    },
  }
}
