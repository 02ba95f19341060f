/**
 * Times on screen are relative to the brain's clock, which wrote them: a browser whose clock is minutes off
 * would otherwise show a server that starts in the future. HTTP dates have whole seconds, so small
 * differences are noise.
 */
const NOISE_MS = 2_000
let offsetMs = 0

/** Learns from the `Date` header of an answer. */
export function learnBrainTime(date: string | null, receivedAt = Date.now()): void {
  if (!date) return
  const told = Date.parse(date)
  if (Number.isNaN(told)) return
  const difference = told - receivedAt
  offsetMs = Math.abs(difference) < NOISE_MS ? 0 : difference
}

/** Now, in milliseconds, as the brain would say it. */
export function brainNow(): number {
  return Date.now() + offsetMs
}
