/**
 * The last steps of a few quantities in little memory: 20,000 of these must fit. Values keep seven digits; null is remembered as such,
 * and a step in which nothing was put is no step.
 */
export class MinuteRing {
  private readonly values: Float32Array
  private readonly steps: Uint32Array
  private readonly width: number

  constructor(length: number, width: number) {
    this.width = width
    this.values = new Float32Array(length * width)
    this.steps = new Uint32Array(length)
  }

  /** Replaces what this step holds. `step` counts from the epoch. */
  put(step: number, values: readonly (number | null)[]): void {
    const slot = step % this.steps.length
    this.steps[slot] = step
    values.forEach((value, at) => (this.values[slot * this.width + at] = value ?? Number.NaN))
  }

  /** The steps up to `now`, oldest first. */
  read(now: number): { step: number; values: (number | null)[] }[] {
    const { length } = this.steps
    const found: { step: number; values: (number | null)[] }[] = []
    for (let step = now - length + 1; step <= now; step++) {
      const slot = step % length
      if (this.steps[slot] !== step) continue
      const values = this.values.subarray(slot * this.width, (slot + 1) * this.width)
      found.push({ step, values: Array.from(values, value => (Number.isNaN(value) ? null : value)) })
    }
    return found
  }
}
