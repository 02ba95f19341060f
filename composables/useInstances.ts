import { computed, readonly, ref } from 'vue'
import { page } from '../shared/schemas/common'
import { instance, type Instance } from '../shared/schemas/instance'
import { POLICY } from '../shared/domain/policy'
import { createLiveCollection } from './live/live-collection'

const answer = page(instance)
/** A screenful comes first and is shown while the rest is on its way. */
const FIRST_PAGE = 100
/** Every instance the panel has heard of, the destroyed ones only when they were asked for. */
const collection = createLiveCollection<Instance>({
  idOf: item => item.id,
  revisionOf: item => item.revision,
  batchMs: 50,
})
const all = computed(() => [...collection.items.value.values()])
const living = computed(() => all.value.filter(item => item.state !== 'DESTROYED'))
const status = ref<'idle' | 'loading' | 'ready' | 'failed'>('idle')
const error = ref<unknown>(null)
let listening = false

/** The instances, live. `load` reads all pages; pages show what is there while the rest arrives. */
export function useInstances() {
  const api = useApi()
  listen()

  async function readPages(query: Record<string, string>, requestedAt: number): Promise<Set<string>> {
    const seen = new Set<string>()
    let cursor: string | undefined
    do {
      const part = await api('/instances', {
        query: { ...query, limit: cursor ? POLICY.lists.maxLimit : FIRST_PAGE, cursor },
        answer,
      })
      for (const item of part.items) {
        seen.add(item.id)
        collection.put(item, { requestedAt })
      }
      cursor = part.nextCursor ?? undefined
    } while (cursor)
    return seen
  }

  async function load() {
    if (status.value === 'loading') return
    const before = status.value
    status.value = 'loading'
    const requestedAt = Date.now()
    try {
      const seen = await readPages({}, requestedAt)
      for (const item of all.value) if (item.state === 'DESTROYED') seen.add(item.id)
      collection.retain(seen, requestedAt)
      error.value = null
      status.value = 'ready'
    } catch (cause) {
      error.value = cause
      status.value = before === 'ready' ? 'ready' : 'failed'
    }
  }

  return {
    all,
    living,
    byId: collection.items,
    status: readonly(status),
    error: readonly(error),
    load,
    /** The destroyed ones too; they are listed only when somebody asks. */
    loadDestroyed: () => readPages({ state: 'DESTROYED' }, Date.now()),
    /** Takes over what an answer of the brain said of one instance. */
    put: (item: Instance, requestedAt: number) => collection.put(item, { requestedAt }),
  }
}

function listen() {
  if (listening) return
  listening = true
  usePanelSocket().on('instance.changed', item => collection.put(item, 'live'))
}
