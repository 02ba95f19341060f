import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { page } from '../shared/schemas/common'
import { instanceEvent, type InstanceEvent } from '../shared/schemas/event'

const answer = page(instanceEvent)
const PAGE = 50

/** What happened to an instance, newest first, live; older ones page by page. */
export function useInstanceEvents(id: MaybeRefOrGetter<string>) {
  const api = useApi()
  const known = shallowRef(new Map<string, InstanceEvent>())
  const cursor = ref<string | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)

  function take(items: readonly InstanceEvent[]) {
    const next = new Map(known.value)
    for (const item of items) next.set(item.id, item)
    known.value = next
  }

  async function read(after: string | null) {
    const wanted = toValue(id)
    loading.value = true
    try {
      const part = await api(`/instances/${encodeURIComponent(wanted)}/events`, {
        query: { limit: PAGE, cursor: after ?? undefined },
        answer,
      })
      if (wanted !== toValue(id)) return
      take(part.items)
      cursor.value = part.nextCursor
      error.value = null
    } catch (cause) {
      error.value = cause
    } finally {
      loading.value = false
    }
  }

  watch(
    () => toValue(id),
    () => {
      known.value = new Map()
      void read(null)
    },
    { immediate: true },
  )
  useLive('instance.event', event => event.instanceId === toValue(id) && take([event]))
  useReread(() => void read(null))

  return {
    events: computed(() => [...known.value.values()].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))),
    hasOlder: computed(() => cursor.value !== null),
    loadOlder: () => read(cursor.value),
    load: () => read(null),
    error,
    loading,
  }
}
