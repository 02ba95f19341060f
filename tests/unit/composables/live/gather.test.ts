import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { gather } from '../../../../composables/live/gather'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('makes one call of many, and never misses the last', () => {
  const run = vi.fn()
  const changed = gather(run, 500)
  for (let n = 0; n < 50; n++) changed()
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(500)
  expect(run).toHaveBeenCalledTimes(1)
  changed()
  vi.advanceTimersByTime(500)
  expect(run).toHaveBeenCalledTimes(2)
})
