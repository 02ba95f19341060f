import { describe, expect, it } from 'vitest'
import { createMessageRate } from '../../../../server/gateway/message-rate'

function taken(count: number, rate: { take(): boolean }): number {
  return Array.from({ length: count }, () => rate.take()).filter(Boolean).length
}

describe('the rate of messages', () => {
  it('lets a burst of one second through, then as many as time passes', () => {
    let now = 0
    const rate = createMessageRate(100, () => now)
    expect(taken(150, rate)).toBe(100)
    now = 500
    expect(taken(150, rate)).toBe(50)
    now = 60_000
    expect(taken(150, rate)).toBe(100)
  })

  it('never cuts a sender that stays within the rate', () => {
    let now = 0
    const rate = createMessageRate(100, () => now)
    for (let index = 0; index < 10_000; index++, now += 10) expect(rate.take()).toBe(true)
  })
})
