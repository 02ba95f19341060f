import { POLICY } from '../../shared/domain/policy'
import type { OutputLine } from './container-runtime'

/** Of a flood: enough to see what it ended with. */
const LAST_LINES = 20

export interface NumberedLine {
  /** From 0, within the run; lines that were cut are counted. */
  number: number
  position: string
  text: string
}

/**
 * Numbers the lines of a run and cuts floods: of the lines that a server writes within 100 ms, what is beyond 2,000 is dropped but for
 * the last ones, and a line says how many. So a server that prints in a loop fills neither the disk nor the line to the
 * brain, and what it said at the end of it is there.
 */
export class FloodGate {
  private next: number
  private window = -1
  private passed = 0
  private dropped = 0
  /** The newest of what was held back in this window. */
  private held: OutputLine[] = []

  constructor(next: number) {
    this.next = next
  }

  pass(lines: readonly OutputLine[]): NumberedLine[] {
    const kept: NumberedLine[] = []
    for (const line of lines) {
      this.enter(line.at, kept)
      if (line.at !== null && this.passed >= POLICY.console.floodLines) {
        this.hold(line)
        continue
      }
      this.passed++
      kept.push(this.numbered(line))
    }
    return kept
  }

  /** The end of a flood, when nothing more comes of it; empty when there was none. */
  settle(): NumberedLine[] {
    const kept: NumberedLine[] = []
    this.close(kept)
    return kept
  }

  private enter(at: number | null, kept: NumberedLine[]): void {
    const window = at === null ? -1 : Math.floor(at / POLICY.console.floodWindowMs)
    if (window === this.window) return
    this.close(kept)
    this.window = window
    this.passed = 0
  }

  private hold(line: OutputLine): void {
    this.held.push(line)
    if (this.held.length <= LAST_LINES) return
    this.held.shift()
    this.dropped++
  }

  private close(kept: NumberedLine[]): void {
    const [first] = this.held
    if (first && this.dropped > 0) {
      const text = `… ${this.dropped} lines cut: the server wrote more than ${POLICY.console.floodLines} lines within ${POLICY.console.floodWindowMs} ms`
      this.next += this.dropped
      kept.push(this.numbered({ ...first, text }))
    }
    for (const line of this.held) kept.push(this.numbered(line))
    this.held = []
    this.dropped = 0
  }

  private numbered({ position, text }: OutputLine): NumberedLine {
    return { number: this.next++, position, text }
  }
}
