import { computed, ref, shallowRef } from 'vue'
import type { z } from 'zod'
import { page } from '../shared/schemas/common'

/** A list that is read page by page: the first at once, the next when somebody wants more. */
export function usePagedList<Item extends z.ZodType>(path: string, item: Item, limit = 100) {
  const api = useApi()
  const answer = page(item)
  const items = shallowRef<z.output<Item>[]>([])
  const cursor = ref<string | null>(null)
  const ready = ref(false)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)

  async function read(after: string | null) {
    loading.value = true
    try {
      const part = await api(path, { query: { limit, cursor: after ?? undefined }, answer })
      items.value = after === null ? part.items : [...items.value, ...part.items]
      cursor.value = part.nextCursor
      error.value = null
      ready.value = true
    } catch (cause) {
      error.value = cause
    } finally {
      loading.value = false
    }
  }

  void read(null)
  return {
    items,
    ready,
    loading,
    error,
    hasMore: computed(() => cursor.value !== null),
    load: () => read(null),
    more: () => read(cursor.value),
  }
}
