import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { brainNow, learnBrainTime } from '../../../../composables/api/brain-clock'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000_000 }))
afterEach(() => {
  learnBrainTime(new Date().toUTCString())
  vi.useRealTimers()
})

it('shows times by the brain when the browser is an hour off', () => {
  learnBrainTime(new Date(Date.now() + 3_600_000).toUTCString())
  expect(brainNow()).toBe(Date.now() + 3_600_000)
})

it('takes whole seconds of a header for noise, and no header for nothing', () => {
  learnBrainTime(new Date(Date.now() - 1_000).toUTCString())
  learnBrainTime(null)
  learnBrainTime('nonsense')
  expect(brainNow()).toBe(Date.now())
})
