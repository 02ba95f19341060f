import { POLICY } from '../../shared/domain/policy'

const NEWLINE = 0x0a
const CUT = ' … (line cut)'

/** A line that ended inside a chunk. `end` is the offset in that chunk just behind its line break. */
export interface SplitLine {
  text: string
  end: number
}

/**
 * Cuts a stream of bytes into lines. Bytes are put together before they are decoded, so a character that arrives in two
 * pieces is whole. A line longer than the policy allows is cut and says so; the rest of it is dropped.
 */
export class LineSplitter {
  private pieces: Buffer[] = []
  private length = 0
  private isCut = false

  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = []
    let start = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, at))
      lines.push({ text: this.take(), end: at + 1 })
      start = at + 1
    }
    this.keep(chunk.subarray(start))
    return lines
  }

  /** What was written without a line break at the end; undefined when there is nothing. */
  flush(): string | undefined {
    return this.length > 0 || this.isCut ? this.take() : undefined
  }

  private keep(piece: Buffer): void {
    const room = POLICY.console.lineBytes - this.length
    if (piece.length > room) this.isCut = true
    const kept = piece.subarray(0, Math.max(0, room))
    if (kept.length === 0) return
    // Copied: a slice would keep its whole chunk in memory for as long as the line stays open.
    this.pieces.push(Buffer.from(kept))
    this.length += kept.length
  }

  private take(): string {
    const bytes = this.pieces.length === 1 && this.pieces[0] ? this.pieces[0] : Buffer.concat(this.pieces)
    const text = lastOverwrite(this.isCut ? withoutHalfCharacter(bytes).toString('utf8') + CUT : bytes.toString('utf8'))
    this.pieces = []
    this.length = 0
    this.isCut = false
    return text
  }
}

/** A carriage return begins the line anew, as on a terminal: of a progress bar the last picture stays. */
function lastOverwrite(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return text.slice(text.lastIndexOf('\r') + 1)
}

/** Drops the bytes of a UTF-8 character that was cut in two at the end. */
function withoutHalfCharacter(bytes: Buffer): Buffer {
  let at = bytes.length - 1
  while (at >= 0 && at > bytes.length - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--
  const lead = bytes[at] ?? 0
  const wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
  return bytes.length - at < wanted ? bytes.subarray(0, at) : bytes
}
