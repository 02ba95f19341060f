import { beforeEach, describe, expect, it, vi } from 'vitest'
import { computed } from 'vue'
import { createLiveCollection } from '../../../../composables/live/live-collection'

interface Thing {
  id: string
  revision: number
  word: string
}
const thing = (id: string, revision: number, word = ''): Thing => ({ id, revision, word })
const make = () => createLiveCollection<Thing>({ idOf: item => item.id, revisionOf: item => item.revision })

describe('live collection', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 10_000 })
    return () => vi.useRealTimers()
  })

  it('refuses an older revision, wherever it comes from', () => {
    const things = make()
    things.put(thing('a', 5, 'new'), 'live')
    things.put(thing('a', 4, 'old'), 'live')
    things.put(thing('a', 3, 'older'), { requestedAt: 20_000 })
    expect(things.items.value.get('a')?.word).toBe('new')
  })

  it('refuses a slow answer about a revision that a live message told since', () => {
    const things = make()
    things.put(thing('a', 5, 'live'), 'live')
    things.put(thing('a', 5, 'slow'), { requestedAt: 9_000 })
    expect(things.items.value.get('a')?.word).toBe('live')
    things.put(thing('a', 5, 'asked later'), { requestedAt: 11_000 })
    expect(things.items.value.get('a')?.word).toBe('asked later')
  })

  it('does not bring back what was removed while it was asked for', () => {
    const things = make()
    things.put(thing('a', 1), 'live')
    things.remove('a')
    things.put(thing('a', 1), { requestedAt: 9_000 })
    expect(things.items.value.has('a')).toBe(false)
  })

  it('forgets what a full reading did not hold, but nothing that came live since', () => {
    const things = make()
    things.put(thing('read', 1), { requestedAt: 1 })
    things.put(thing('gone', 1), { requestedAt: 1 })
    things.put(thing('new', 1), 'live')
    things.retain(new Set(['read']), 9_000)
    expect([...things.items.value.keys()].sort()).toEqual(['new', 'read'])
  })

  it('tells what depends on it, many changes at once', () => {
    const things = createLiveCollection<Thing>({ idOf: item => item.id, batchMs: 50 })
    let draws = 0
    const count = computed(() => {
      draws++
      return [...things.items.value.values()].length
    })
    expect(count.value).toBe(0)
    for (let n = 0; n < 100; n++) things.put(thing(`t${n}`, 1), 'live')
    expect(count.value).toBe(0)
    vi.advanceTimersByTime(50)
    expect(count.value).toBe(100)
    expect(draws).toBe(2)
  })
})
