import { shallowRef, triggerRef, type ShallowRef } from 'vue'

export interface LiveCollectionOptions<Item> {
  idOf: (item: Item) => string
  /** Grows with every stored change; left out for things that have none. */
  revisionOf?: (item: Item) => number
  /** Changes within this time become one redraw: a thousand messages a second must not mean a thousand renders. */
  batchMs?: number
}

/** Where a state came from: the live connection, or an answer to a request that was sent at a time. */
export type Source = 'live' | { requestedAt: number }

export interface LiveCollection<Item> {
  readonly items: ShallowRef<ReadonlyMap<string, Item>>
  put: (item: Item, source: Source) => void
  remove: (id: string) => void
  /** After a full reading: what it did not hold and nothing live told since it was asked for is gone. */
  retain: (ids: ReadonlySet<string>, requestedAt: number) => void
  clear: () => void
}

/**
 * The things of one kind that the panel knows, by id. A slow answer never replaces newer news: an older revision is
 * refused, and an answer asked for before the last live message about the same revision is refused too.
 */
export function createLiveCollection<Item>(options: LiveCollectionOptions<Item>): LiveCollection<Item> {
  const map = new Map<string, Item>()
  const items = shallowRef<ReadonlyMap<string, Item>>(map)
  const heardAt = new Map<string, number>()
  let scheduled: ReturnType<typeof setTimeout> | undefined

  function announce() {
    if (!options.batchMs) return triggerRef(items)
    scheduled ??= setTimeout(() => {
      scheduled = undefined
      triggerRef(items)
    }, options.batchMs)
  }

  function isNews(id: string, item: Item, source: Source): boolean {
    const known = map.get(id)
    const overtaken = source !== 'live' && (heardAt.get(id) ?? -1) > source.requestedAt
    if (!known) return !overtaken
    const before = options.revisionOf?.(known) ?? 0
    const after = options.revisionOf?.(item) ?? 0
    return after > before || (after === before && !overtaken)
  }

  return {
    items,
    put(item, source) {
      const id = options.idOf(item)
      if (!isNews(id, item, source)) return
      if (source === 'live') heardAt.set(id, Date.now())
      map.set(id, item)
      announce()
    },
    remove(id) {
      heardAt.set(id, Date.now())
      if (map.delete(id)) announce()
    },
    retain(ids, requestedAt) {
      for (const id of map.keys()) {
        if (!ids.has(id) && (heardAt.get(id) ?? -1) <= requestedAt) map.delete(id)
      }
      announce()
    },
    clear() {
      map.clear()
      heardAt.clear()
      announce()
    },
  }
}
