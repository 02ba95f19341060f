import { computed, ref, shallowRef, watch } from 'vue'
import type { z } from 'zod'
import { page } from '../shared/schemas/common'

/**
 * A list that is read page by page: the first at once, the next when somebody wants more. With another `query` it begins
 * anew; an answer to an older question is passed over.
 */
export function usePagedList<Item extends z.ZodType>(
  path: string,
  item: Item,
  limit = 100,
  query: () => Record<string, string> = () => ({}),
) {
  const api = useApi()
  const answer = page(item)
  const items = shallowRef<z.output<Item>[]>([])
  const cursor = ref<string | null>(null)
  const ready = ref(false)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)

  let asked = 0

  async function read(after: string | null) {
    const mine = ++asked
    loading.value = true
    try {
      const part = await api(path, { query: { ...query(), limit, cursor: after ?? undefined }, answer })
      if (mine !== asked) return
      items.value = after === null ? part.items : [...items.value, ...part.items]
      cursor.value = part.nextCursor
      error.value = null
      ready.value = true
    } catch (cause) {
      if (mine === asked) error.value = cause
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  watch(
    () => JSON.stringify(query()),
    () => void read(null),
    { immediate: true },
  )
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
