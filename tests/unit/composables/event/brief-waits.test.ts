import { expect, it } from 'vitest'
import { withoutBriefWaits } from '../../../../composables/event/brief-waits'

const event = (instanceId: string, cause: string, at: number) => ({ instanceId, cause, at })

it('leaves out a wait that ended at once, and no other', () => {
  const placed = event('a', 'placed', 1_000)
  const wait = event('a', 'placement.waiting', 0)
  expect(withoutBriefWaits([placed, wait])).toEqual([placed])
  const kept = [event('a', 'placed', 20_000), wait, event('b', 'placed', 1_000)]
  expect(withoutBriefWaits(kept)).toEqual(kept)
  const later = [event('a', 'placement.waiting', 2_000), placed]
  expect(withoutBriefWaits(later)).toEqual(later)
})
