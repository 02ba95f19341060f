import { describe, expect, it } from 'vitest'
import { bytesIn, durationParts, relativeParts } from '../../../../composables/format/quantities'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('bytesIn', () => {
  it.each([
    [0, 0, 'B'],
    [1023, 1023, 'B'],
    [1024, 1, 'KB'],
    [1.5 * 1024 ** 3, 1.5, 'GB'],
    [2 ** 60, 1024, 'PB'],
    [-5, 0, 'B'],
  ])('%d', (bytes, amount, unit) => expect(bytesIn(bytes)).toEqual({ amount, unit }))
})

describe('durationParts', () => {
  const words = (ms: number) =>
    durationParts(ms)
      .map(part => `${part.amount} ${part.unit}`)
      .join(' ')
  it.each([
    [0, '0 seconds'],
    [-1, '0 seconds'],
    [59 * SECOND, '59 seconds'],
    [HOUR, '1 hours'],
    [HOUR + 5 * MINUTE + 3 * SECOND, '1 hours 5 minutes'],
    [HOUR + 3 * SECOND, '1 hours'],
    [3 * DAY + 4 * HOUR, '3 days 4 hours'],
  ])('%d', (ms, expected) => expect(words(ms)).toBe(expected))
})

describe('relativeParts', () => {
  it('says now for a few seconds in both directions', () => {
    expect(relativeParts(-4 * SECOND)).toBeUndefined()
    expect(relativeParts(4 * SECOND)).toBeUndefined()
  })
  it.each([
    [-59 * SECOND, -59, 'second'],
    [-MINUTE, -1, 'minute'],
    [-90 * MINUTE, -1, 'hour'],
    [2 * DAY, 2, 'day'],
    [-400 * DAY, -1, 'year'],
  ])('%d', (ms, amount, unit) => expect(relativeParts(ms)).toEqual({ amount, unit }))
})
