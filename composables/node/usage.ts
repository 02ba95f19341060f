import type { Node, NodeLoad } from '../../shared/schemas/node'

export type UsageKind = 'cpu' | 'memory' | 'disk'
export interface Usage {
  used: number
  total: number
  reserved: number
}

/** How much of a machine is used and promised, in cores or bytes; null before its agent reported. */
export function usageOf(node: Node, kind: UsageKind): Usage | null {
  const { specs, load, reserved } = node
  if (!specs || !load) return null
  switch (kind) {
    case 'cpu':
      return { used: load.cpu * specs.cpus, total: specs.cpus, reserved: reserved.cpus }
    case 'memory':
      return { used: load.memoryUsedBytes, total: specs.memoryBytes, reserved: reserved.memoryBytes }
    case 'disk':
      return {
        used: load.diskTotalBytes - load.diskFreeBytes,
        total: load.diskTotalBytes,
        reserved: reserved.diskBytes,
      }
  }
}

/** Share of layers that were in the cache when they were needed; null while none was needed. */
export function hitRate(load: NodeLoad | null): number | null {
  if (!load) return null
  const { hits, misses } = load.cache
  return hits + misses === 0 ? null : hits / (hits + misses)
}
