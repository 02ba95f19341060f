import { computed, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { Node } from '../shared/schemas/node'
import { nodeStats, type NodeLoadPoint } from '../shared/schemas/usage'
import { brainNow } from './api/brain-clock'
import { joinSeries } from './stats/series'

const KEPT = 180
const STEP_MS = 60_000

/** Load of a machine: the last hour as the brain remembers it, then what its agent tells while the page is open. */
export function useNodeStats(node: MaybeRefOrGetter<Node>) {
  const api = useApi()
  const now = useNow()
  const remembered = useResource(
    signal => api(`/nodes/${encodeURIComponent(toValue(node).id)}/stats`, { answer: nodeStats, signal }),
    { when: () => toValue(node).id },
  )
  const live = shallowRef<NodeLoadPoint[]>([])
  watch(
    () => toValue(node).id,
    () => (live.value = []),
  )
  watch(
    () => toValue(node).load,
    load => {
      if (!load || toValue(node).contact !== 'online') return
      const point: NodeLoadPoint = {
        at: brainNow(),
        cpu: load.cpu,
        memoryUsedBytes: load.memoryUsedBytes,
        diskUsedBytes: load.diskTotalBytes - load.diskFreeBytes,
        cacheBytes: load.cache.bytes,
      }
      live.value = [...live.value, point].slice(-KEPT)
    },
    { immediate: true },
  )
  const series = (pick: (point: NodeLoadPoint) => number) =>
    computed(() => {
      const { points = [], stepMs = STEP_MS } = remembered.value.value ?? {}
      const line = (of: readonly NodeLoadPoint[]) => of.map(point => ({ at: point.at, value: pick(point) }))
      return joinSeries(line(points), line(live.value), { stepMs, now: now.value })
    })
  return {
    cpu: series(point => point.cpu),
    memory: series(point => point.memoryUsedBytes),
    disk: series(point => point.diskUsedBytes),
  }
}
