import { onScopeDispose, toValue, watch, type MaybeRefOrGetter } from 'vue'

/** Asks the brain for console lines and statistics of an instance while the calling page is open. */
export function useInstanceWatch(id: MaybeRefOrGetter<string>): void {
  const socket = usePanelSocket()
  let end: (() => void) | undefined
  watch(
    () => toValue(id),
    now => {
      end?.()
      end = socket.watchInstance(now)
    },
    { immediate: true },
  )
  onScopeDispose(() => end?.())
}
