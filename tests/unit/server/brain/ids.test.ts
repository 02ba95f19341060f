import { expect, it } from 'vitest'
import { createIds } from '../../../../server/brain/ids'
import { entityId } from '../../../../shared/schemas/common'

it('makes ids that are ids, differ, and sort in the order they were made, also when the clock goes back', () => {
  let now = 1_800_000_000_000
  const ids = createIds({ now: () => now })
  const made: string[] = []
  for (let step = 0; step < 5_000; step++) {
    if (step % 100 === 0) now += step % 300 === 0 ? -5 : 2
    made.push(ids.entity())
  }
  expect(made.toSorted()).toEqual(made)
  expect(new Set(made).size).toBe(made.length)
  for (const id of made.slice(0, 10)) expect(entityId.parse(id)).toHaveLength(26)
})
