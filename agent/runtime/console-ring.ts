import { appendFile, mkdir, readFile, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { POLICY } from '../../shared/domain/policy'
import { messageBytes } from '../message-size'
import type { NumberedLine } from './flood-gate'

/** Ten segments: what is dropped at a time is a tenth of what is kept. */
const SEGMENT_BYTES = POLICY.console.keptBytesPerRun / 10

interface Segment {
  name: string
  bytes: number
}

/**
 * The last 5 MB of what one run wrote, in a folder of segment files. A segment is named by the number of its first line; a line in it is
 * `<number> <position> <text>`. Survives the container, and the agent: a line that a crash cut off is dropped and read again.
 */
export class ConsoleRing {
  private readonly folder: string
  private segments: Segment[] = []
  /** The last line that was kept; null for a run that wrote nothing. */
  private tail: NumberedLine | null = null
  private writing: Promise<unknown> = Promise.resolve()

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(folder: string): Promise<ConsoleRing> {
    const ring = new ConsoleRing(folder)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const name of (await readdir(folder)).sort())
      ring.segments.push({ name, bytes: (await readFile(join(folder, name))).length })
    await ring.repair()
    return ring
  }

  last(): NumberedLine | null {
    return this.tail
  }

  async append(lines: readonly NumberedLine[]): Promise<void> {
    if (lines.length === 0) return
    await this.inOrder(async () => {
      let segment = this.segments.at(-1)
      if (!segment || segment.bytes >= SEGMENT_BYTES)
        this.segments.push((segment = { name: `${String(lines[0]?.number ?? 0).padStart(12, '0')}.log`, bytes: 0 }))
      const text = lines.map(line => `${line.number} ${line.position} ${line.text}\n`).join('')
      await appendFile(join(this.folder, segment.name), text, { mode: 0o600 })
      segment.bytes += Buffer.byteLength(text)
      this.tail = lines.at(-1) ?? this.tail
      await this.drop()
    })
  }

  /**
   * The last `count` lines, of at most `limitBytes` altogether as they count in a message. `truncated`: there would have been more of the wanted ones.
   */
  async read(count: number, limitBytes: number): Promise<{ lines: NumberedLine[]; truncated: boolean }> {
    return this.inOrder(async () => {
      const lines: NumberedLine[] = []
      let bytes = 0
      for (const segment of this.segments.toReversed()) {
        const found = parse(await readFile(join(this.folder, segment.name), 'utf8'))
        for (const line of found.toReversed()) {
          bytes += messageBytes(line.text) + 1
          if (lines.length >= count) return { lines: lines.reverse(), truncated: false }
          if (bytes > limitBytes) return { lines: lines.reverse(), truncated: true }
          lines.push(line)
        }
      }
      return { lines: lines.reverse(), truncated: false }
    })
  }

  private inOrder<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const mine = this.writing.then(act, act)
    this.writing = mine
    return mine
  }

  private async drop(): Promise<void> {
    let total = this.segments.reduce((sum, segment) => sum + segment.bytes, 0)
    while (total > POLICY.console.keptBytesPerRun && this.segments.length > 1) {
      const oldest = this.segments.shift()
      if (!oldest) return
      total -= oldest.bytes
      await rm(join(this.folder, oldest.name), { force: true })
    }
  }

  /** Finds the last whole line, and cuts off what a crash left behind it. */
  private async repair(): Promise<void> {
    const segment = this.segments.at(-1)
    if (!segment) return
    const path = join(this.folder, segment.name)
    const bytes = await readFile(path)
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end < bytes.length) await truncate(path, end)
    segment.bytes = end
    this.tail = parse(bytes.subarray(0, end).toString('utf8')).at(-1) ?? null
    if (this.tail || this.segments.length === 1) return
    this.segments.pop()
    await rm(path, { force: true })
    await this.repair()
  }
}

function parse(text: string): NumberedLine[] {
  const lines = text.split('\n')
  lines.pop()
  return lines.map(line => {
    const first = line.indexOf(' ')
    const second = line.indexOf(' ', first + 1)
    return {
      number: Number(line.slice(0, first)),
      position: line.slice(first + 1, second),
      text: line.slice(second + 1),
    }
  })
}
