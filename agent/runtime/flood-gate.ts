import { POLICY } from '../../shared/domain/policy'
import type { OutputLine } from './container-runtime'

export interface NumberedLine {
  /** From 0, within the run; lines that were cut are counted. */
  number: number
  position: string
  text: string
}

/**
 * Numbers the lines of a run and cuts floods: of the lines that a server writes within 100 ms, what is beyond 2,000 is dropped, and one line
 * says how many. So a server that prints in a loop fills neither the disk nor the line to the brain.
 */
export class FloodGate {
  private next: number
  private window = -1
  private passed = 0
  private dropped = 0
  private position = '0'

  constructor(next: number) {
    this.next = next
  }

  pass(lines: readonly OutputLine[]): NumberedLine[] {
    const kept: NumberedLine[] = []
    for (const line of lines) {
      this.enter(line.at, kept)
      this.position = line.position
      if (line.at !== null && this.passed >= POLICY.console.floodLines) {
        this.dropped++
        continue
      }
      this.passed++
      kept.push({ number: this.next++, position: line.position, text: line.text })
    }
    return kept
  }

  /** The marker of a flood that has ended; empty when there was none. */
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

  private close(kept: NumberedLine[]): void {
    if (this.dropped === 0) return
    const text = `… ${this.dropped} lines cut: the server wrote more than ${POLICY.console.floodLines} lines within ${POLICY.console.floodWindowMs} ms`
    this.next += this.dropped
    kept.push({ number: this.next++, position: this.position, text })
    this.dropped = 0
  }
}
