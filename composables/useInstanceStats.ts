import { shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { BrainToPanel } from '../shared/protocol/panel'

export type StatsSample = BrainToPanel['stats.sample']
const KEPT_SAMPLES = 180

/** Load of an instance in its present run since the page was opened, oldest first. */
export function useInstanceStats(id: MaybeRefOrGetter<string>, runId: MaybeRefOrGetter<string | null>) {
  const samples = shallowRef<StatsSample[]>([])
  watch(
    () => [toValue(id), toValue(runId)],
    () => (samples.value = []),
  )
  useLive('stats.sample', sample => {
    if (sample.instanceId === toValue(id)) samples.value = [...samples.value, sample].slice(-KEPT_SAMPLES)
  })
  return samples
}
