import { inject, onScopeDispose, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue'
import { POLICY } from '../shared/domain/policy'
import { fleetLoad, type FleetLoad } from '../shared/schemas/usage'
import { gather } from './live/gather'

type Load = FleetLoad['items'][number]
interface ListLoad {
  loads: Readonly<ShallowRef<ReadonlyMap<string, Load>>>
  /** A row came into sight; call what is returned when it left. */
  show(id: string): () => void
}

const KEY: InjectionKey<ListLoad> = Symbol('list load')
/** Rows that scroll by do not ask one by one. */
const GATHER_MS = 300

/** Load of the servers in sight of a list, asked for together, as often as nodes tell it. For the list; its cells use `useRowLoad`. */
export function provideListLoad(): void {
  const api = useApi()
  const loads = shallowRef<ReadonlyMap<string, Load>>(new Map())
  const shown = new Map<string, number>()
  const visibility = useDocumentVisibility()

  async function read() {
    const ids = [...shown.keys()].slice(0, POLICY.stats.perRequest)
    if (ids.length === 0 || visibility.value === 'hidden') return
    try {
      const { items } = await api(`/stats/instances?ids=${ids.join(',')}`, { answer: fleetLoad })
      loads.value = new Map(items.map(item => [item.id, item]))
    } catch {
      // The list itself says when the brain is away; figures that cannot be read are no data.
      loads.value = new Map()
    }
  }

  const soon = gather(() => void read(), GATHER_MS)
  useIntervalFn(read, POLICY.stats.sampleMs)
  provide(KEY, {
    loads,
    show(id) {
      shown.set(id, (shown.get(id) ?? 0) + 1)
      if (!loads.value.has(id)) soon()
      return () => {
        const left = (shown.get(id) ?? 1) - 1
        if (left > 0) shown.set(id, left)
        else shown.delete(id)
      }
    },
  })
}

/** Load of the server of one row while it is in sight; undefined: no data. */
export function useRowLoad(id: () => string) {
  const list = inject(KEY)
  let leave: (() => void) | undefined
  watch(
    id,
    now => {
      leave?.()
      leave = list?.show(now)
    },
    { immediate: true },
  )
  onScopeDispose(() => leave?.())
  return computed(() => list?.loads.value.get(id()))
}
