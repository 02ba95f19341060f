/**
 * A bucket of `perSecond` messages that fills evenly. `take` says whether one more is within the rate: a burst of one
 * second's worth passes, more than the rate over any longer time does not.
 */
export function createMessageRate(perSecond: number, monotonic: () => number): { take(): boolean } {
  let left = perSecond
  let at = monotonic()
  return {
    take() {
      const now = monotonic()
      left = Math.min(perSecond, left + ((now - at) / 1_000) * perSecond)
      at = now
      if (left < 1) return false
      left--
      return true
    },
  }
}
