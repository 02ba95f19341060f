/** Lines of one run of a server, and where lines are known to be missing. */
export type ConsoleRow =
  | { kind: 'line'; key: number; text: string }
  | { kind: 'gap'; key: number; lines: number }
  | { kind: 'run'; key: number; runId: string }

export interface ConsoleMessage {
  runId: string
  /** Number of the first line within the run. */
  from: number
  lines: readonly string[]
}

/**
 * Console rows in order, at most `limit` of them, the oldest dropped first. Lines come from a history (text, without
 * numbers) and from live messages (numbered); where both tell the same lines they appear once.
 */
export class ConsoleBuffer {
  rows: ConsoleRow[] = []
  dropped = 0
  private nextKey = 0
  private runId: string | null = null
  private nextLine: number | null = null
  /** Live lines since the watching began, to find where the history ends. */
  private live: string[] = []

  constructor(private readonly limit: number) {}

  /** Takes a live message. A second delivery of the same lines changes nothing; a gap is marked. */
  append(message: ConsoleMessage): void {
    if (message.runId !== this.runId) {
      if (this.runId !== null) this.push({ kind: 'run', key: this.nextKey++, runId: message.runId })
      this.runId = message.runId
      this.nextLine = null
    }
    const missing = this.nextLine === null ? 0 : message.from - this.nextLine
    if (missing > 0) this.push({ kind: 'gap', key: this.nextKey++, lines: missing })
    const fresh = missing < 0 ? message.lines.slice(-missing) : message.lines
    for (const text of fresh) this.push({ kind: 'line', key: this.nextKey++, text })
    this.live.push(...fresh)
    if (this.live.length > this.limit) this.live.splice(0, this.live.length - this.limit)
    this.nextLine = Math.max(this.nextLine ?? 0, message.from + message.lines.length)
    this.trim()
  }

  /**
   * Puts the history before the live lines. The history was asked for after watching began, so its end overlaps the
   * beginning of the live lines: the longest overlap is told once.
   */
  prepend(history: readonly string[]): void {
    const overlap = overlapLength(history, this.live)
    const before = history.slice(0, history.length - overlap)
    const rows = before.map((text): ConsoleRow => ({ kind: 'line', key: this.nextKey++, text }))
    this.rows = [...rows, ...this.rows]
    this.trim()
  }

  /** Forgets everything shown, not where the live lines are. */
  clear(): void {
    this.rows = []
    this.live = []
    this.dropped = 0
  }

  private push(row: ConsoleRow): void {
    this.rows.push(row)
  }

  private trim(): void {
    const over = this.rows.length - this.limit
    if (over <= 0) return
    this.dropped += over
    this.rows = this.rows.slice(over)
  }
}

/** Length of the longest end of `first` that is also the beginning of `second`. */
export function overlapLength(first: readonly string[], second: readonly string[]): number {
  for (let length = Math.min(first.length, second.length); length > 0; length--) {
    const start = first.length - length
    let same = true
    for (let at = 0; at < length && same; at++) same = first[start + at] === second[at]
    if (same) return length
  }
  return 0
}
