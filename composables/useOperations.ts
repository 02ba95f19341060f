import { computed, readonly, ref, watch } from 'vue'
import { page } from '../shared/schemas/common'
import { operation, type Operation } from '../shared/schemas/operation'
import { createLiveCollection } from './live/live-collection'
import { isActive } from './operation/look'

const answer = page(operation)
const PAGE = 100
/** Every operation the panel has heard of. What has ended changes no more. */
const collection = createLiveCollection<Operation>({
  idOf: item => item.id,
  revisionOf: item => (isActive(item) ? 0 : 1),
  batchMs: 50,
})
const list = computed(() => [...collection.items.value.values()].sort((a, b) => (a.id < b.id ? 1 : -1)))
const active = computed(() => list.value.filter(isActive))
const status = ref<'idle' | 'loading' | 'ready' | 'failed'>('idle')
const error = ref<unknown>(null)
const cursor = ref<string | null>(null)
let listening = false

/** Long work, live, the newest first. */
export function useOperations() {
  const api = useApi()
  listen()

  async function read(query: { active?: boolean; limit: number; cursor?: string }) {
    const requestedAt = Date.now()
    const { items, nextCursor } = await api('/operations', { query, answer })
    for (const item of items) collection.put(item, { requestedAt })
    return nextCursor
  }

  async function attempt(after: string | undefined) {
    status.value = 'loading'
    try {
      cursor.value = await read({ limit: PAGE, cursor: after })
      error.value = null
      status.value = 'ready'
    } catch (cause) {
      error.value = cause
      status.value = 'failed'
    }
  }

  return {
    list,
    active,
    status: readonly(status),
    error: readonly(error),
    hasMore: computed(() => cursor.value !== null),
    load: () => attempt(undefined),
    more: () => attempt(cursor.value ?? undefined),
    loadActive: () => read({ active: true, limit: PAGE }),
    async cancel(id: string) {
      const requestedAt = Date.now()
      const changed = await api(`/operations/${encodeURIComponent(id)}/cancel`, { method: 'POST', answer: operation })
      collection.put(changed, { requestedAt })
    },
    /** Heard of by other means, such as the answer that began it. */
    put: (item: Operation) => collection.put(item, { requestedAt: Date.now() }),
  }
}

/** How many run now: read once somebody is signed in, live from then on. */
export function useActiveOperations() {
  const { status: session, canSomewhere } = useSession()
  const { active, loadActive } = useOperations()
  const mayRead = computed(() => session.value === 'signed-in' && canSomewhere('operation.read'))
  const load = () => {
    if (mayRead.value) loadActive().catch(reportError)
  }
  watch(mayRead, load, { immediate: true })
  useReread(load)
  return { activeCount: computed(() => active.value.length) }
}

function listen() {
  if (listening) return
  listening = true
  usePanelSocket().on('operation.changed', item => collection.put(item, 'live'))
}
