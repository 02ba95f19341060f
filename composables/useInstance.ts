import { computed, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { instance } from '../shared/schemas/instance'

/** One instance, live: read once when the page opens and again after a lost connection. */
export function useInstance(id: MaybeRefOrGetter<string>) {
  const api = useApi()
  const instances = useInstances()
  const error = ref<unknown>(null)
  const loading = ref(false)

  async function load() {
    const requestedAt = Date.now()
    loading.value = true
    try {
      instances.put(await api(`/instances/${encodeURIComponent(toValue(id))}`, { answer: instance }), requestedAt)
      error.value = null
    } catch (cause) {
      error.value = cause
    } finally {
      loading.value = false
    }
  }

  watch(() => toValue(id), load, { immediate: true })
  useReread(load)
  return { instance: computed(() => instances.byId.value.get(toValue(id))), error, loading, load }
}
