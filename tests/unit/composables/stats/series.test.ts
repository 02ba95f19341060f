import { expect, it } from 'vitest'
import { joinSeries, stretches } from '../../../../composables/stats/series'

const MINUTE = 60_000
const point = (at: number, value: number | null = 1) => ({ at, value })

it('goes from what is remembered to what is live without a break', () => {
  const joined = joinSeries([point(0), point(MINUTE), point(2 * MINUTE)], [point(90_000), point(92_000)], {
    stepMs: MINUTE,
    now: 93_000,
  })
  expect(joined).toEqual([point(0), point(MINUTE), point(90_000), point(92_000)])
})

it('breaks where data is missing, and ends where it ended', () => {
  const joined = joinSeries([point(0), point(10 * MINUTE)], [point(11 * MINUTE), point(11 * MINUTE + 60_000)], {
    stepMs: MINUTE,
    now: 60 * MINUTE,
  })
  expect(stretches(joined).map(stretch => stretch.length)).toEqual([1, 2, 1])
  expect(joined[joined.length - 1]).toEqual(point(60 * MINUTE, null))
})

it('keeps a rate that is not known as a gap', () => {
  expect(stretches([point(0, null), point(1), point(2, null), point(3), point(4)]).map(one => one.length)).toEqual([
    1, 2,
  ])
  expect(joinSeries([], [], { stepMs: MINUTE, now: 1 })).toEqual([])
})
