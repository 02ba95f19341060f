/**
 * Rates from a growing total: bytes per second between neighbouring samples. Where the total is unknown there is no
 * rate; where it shrank (the server was started anew) it counts from zero.
 */
export function perSecond(samples: readonly { at: number; total: number | null }[]): { at: number; value: number }[] {
  const rates: { at: number; value: number }[] = []
  for (let index = 1; index < samples.length; index++) {
    const before = samples[index - 1]
    const after = samples[index]
    if (!before || !after || before.total === null || after.total === null || after.at <= before.at) continue
    const grown = after.total >= before.total ? after.total - before.total : after.total
    rates.push({ at: after.at, value: (grown / (after.at - before.at)) * 1_000 })
  }
  return rates
}
