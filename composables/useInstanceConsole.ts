import { onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { z } from 'zod'
import { ConsoleBuffer, type ConsoleRow } from './instance/console-buffer'

const KEPT_ROWS = 10_000
const HISTORY_LINES = 2_000
/** A flood becomes ten redraws a second. */
const REDRAW_MS = 100

/** The console of an instance: what it said before and what it says now. Needs `useInstanceWatch` beside it. */
export function useInstanceConsole(id: MaybeRefOrGetter<string>) {
  const api = useApi()
  const rows = shallowRef<readonly ConsoleRow[]>([])
  const dropped = ref(0)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let buffer = new ConsoleBuffer(KEPT_ROWS)
  let redraw: ReturnType<typeof setTimeout> | undefined

  function show() {
    redraw ??= setTimeout(() => {
      redraw = undefined
      // A list of its own: what depends on it compares by identity.
      rows.value = [...buffer.rows]
      dropped.value = buffer.dropped
    }, REDRAW_MS)
  }

  async function load() {
    const mine = (buffer = new ConsoleBuffer(KEPT_ROWS))
    loading.value = true
    try {
      const text = await api(`/instances/${encodeURIComponent(toValue(id))}/logs`, {
        query: { tail: HISTORY_LINES },
        answer: z.string(),
      })
      if (mine !== buffer) return
      mine.prepend(linesOf(text))
      error.value = null
    } catch (cause) {
      if (mine === buffer) error.value = cause
    } finally {
      if (mine === buffer) loading.value = false
      show()
    }
  }

  useLive('console.lines', message => {
    if (message.instanceId !== toValue(id)) return
    buffer.append(message)
    show()
  })
  watch(() => toValue(id), load, { immediate: true })
  useReread(load)
  onScopeDispose(() => clearTimeout(redraw))

  return {
    rows,
    dropped,
    error,
    loading,
    load,
    clear() {
      buffer.clear()
      show()
    },
    /** Sends one line to the server's input. Throws ApiError. */
    send: (line: string) =>
      api(`/instances/${encodeURIComponent(toValue(id))}/input`, {
        method: 'POST',
        body: { line },
        answer: z.unknown(),
      }),
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  return lines
}
