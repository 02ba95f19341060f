import { expect, it } from 'vitest'
import { perSecond } from '../../../../composables/instance/rates'

it('makes rates of totals', () => {
  expect(
    perSecond([
      { at: 0, total: 0 },
      { at: 2_000, total: 500 },
    ]),
  ).toEqual([{ at: 2_000, value: 250 }])
})

it('begins anew where the total shrank, and leaves out what is unknown or out of order', () => {
  expect(
    perSecond([
      { at: 0, total: 900 },
      { at: 1_000, total: 100 },
      { at: 2_000, total: null },
      { at: 3_000, total: 300 },
      { at: 3_000, total: 400 },
    ]),
  ).toEqual([{ at: 1_000, value: 100 }])
})
