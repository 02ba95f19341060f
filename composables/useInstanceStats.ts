import { computed, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { instanceStats, type InstanceLoad } from '../shared/schemas/usage'
import type { BrainToPanel } from '../shared/protocol/panel'
import { perSecond } from './instance/rates'
import { joinSeries, type ChartPoint } from './stats/series'

type StatsSample = BrainToPanel['stats.sample']
const KEPT_SAMPLES = 180
/** The size of own files, and the hour behind what is live. */
const REREAD_MS = 60_000

/** Load of an instance: the last hour as the brain remembers it, then what comes live while the page is open. */
export function useInstanceStats(id: MaybeRefOrGetter<string>, runId: MaybeRefOrGetter<string | null>) {
  const api = useApi()
  const now = useNow()
  const remembered = useResource(
    signal => api(`/instances/${encodeURIComponent(toValue(id))}/stats`, { answer: instanceStats, signal }),
    { when: () => [toValue(id), toValue(runId)] },
  )
  useIntervalFn(remembered.load, REREAD_MS)
  const samples = shallowRef<StatsSample[]>([])
  watch(
    () => [toValue(id), toValue(runId)],
    () => (samples.value = []),
  )
  useLive('stats.sample', sample => {
    if (sample.instanceId === toValue(id)) samples.value = [...samples.value, sample].slice(-KEPT_SAMPLES)
  })

  const series = (past: (load: InstanceLoad) => number | null, live: () => ChartPoint[]) =>
    computed(() => {
      const { points = [], stepMs = REREAD_MS } = remembered.value.value ?? {}
      return joinSeries(
        points.map(load => ({ at: load.at, value: past(load) })),
        live(),
        { stepMs, now: now.value },
      )
    })
  const rate = (total: (sample: StatsSample) => number | null) => () =>
    perSecond(samples.value.map(sample => ({ at: sample.at, total: total(sample) })))

  return {
    ownFiles: computed(() => remembered.value.value?.ownFiles ?? null),
    cpu: series(
      load => load.cpu,
      () => samples.value.map(({ at, cpu }) => ({ at, value: cpu })),
    ),
    memory: series(
      load => load.memoryBytes,
      () => samples.value.map(({ at, memoryBytes }) => ({ at, value: memoryBytes })),
    ),
    received: series(
      load => load.networkRxPerSecond,
      rate(sample => sample.networkRxBytes),
    ),
    sent: series(
      load => load.networkTxPerSecond,
      rate(sample => sample.networkTxBytes),
    ),
    read: series(
      load => load.diskReadPerSecond,
      rate(sample => sample.diskReadBytes),
    ),
    written: series(
      load => load.diskWritePerSecond,
      rate(sample => sample.diskWriteBytes),
    ),
  }
}
