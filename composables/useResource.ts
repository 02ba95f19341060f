import { onScopeDispose, ref, shallowRef, watch, type WatchSource } from 'vue'

/**
 * Something read from the brain for one page: its value, whether it is being read, and what went wrong. What was read
 * before stays on screen while it is read again and when that fails.
 */
export function useResource<Value>(
  read: (signal: AbortSignal) => Promise<Value>,
  options: { when?: WatchSource<unknown> } = {},
) {
  const value = shallowRef<Value>()
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let current: AbortController | undefined

  async function load() {
    current?.abort()
    const mine = (current = new AbortController())
    loading.value = true
    try {
      const answer = await read(mine.signal)
      if (mine.signal.aborted) return
      value.value = answer
      error.value = null
    } catch (cause) {
      if (!mine.signal.aborted) error.value = cause
    } finally {
      if (current === mine) loading.value = false
    }
  }

  if (options.when) watch(options.when, load, { immediate: true })
  else void load()
  useReread(load)
  onScopeDispose(() => current?.abort())
  return { value, error, loading, load }
}
