import type { OutputLine } from './container-runtime'
import { LineSplitter } from './line-splitter'

const HEADER_BYTES = 8
/** `2026-11-21T03:04:05.123456789Z`, always nine digits. */
const STAMP_BYTES = 30

/** One of the two streams of a container: a line may come in several messages. */
interface OpenLine {
  splitter: LineSplitter
  position: string
}

/**
 * Docker's multiplexed log stream, asked for with timestamps, as lines. A frame is one log message: a header (stream, length;
 * see "Stream format" of the Engine API), the time of the message, a blank, its bytes. A line longer than 16 KiB comes in several
 * messages of one and the same time; the `local` log driver leaves out the line break of the last of them, so a
 * new time ends a line as well. The position of a line is its time.
 */
export async function* readDockerOutput(
  stream: AsyncIterable<unknown>,
  after: string | null,
): AsyncGenerator<OutputLine[]> {
  const open = new Map<number, OpenLine>()
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    const lines: OutputLine[] = []
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4)
      if (bytes.length < end) break
      const position = bytes.toString('latin1', at + HEADER_BYTES, at + HEADER_BYTES + STAMP_BYTES)
      const line = open.get(bytes[at] ?? 0) ?? { splitter: new LineSplitter(), position }
      open.set(bytes[at] ?? 0, line)
      // `since` is inclusive: what was read before comes again.
      if (!after || position > after) {
        if (line.position !== position) lines.push(...flush(line))
        line.position = position
        for (const { text } of line.splitter.push(bytes.subarray(at + HEADER_BYTES + STAMP_BYTES + 1, end)))
          lines.push({ position, text, at: timeOf(position) })
      }
      at = end
    }
    rest = bytes.subarray(at)
    if (lines.length > 0) yield lines
  }
  const last = [...open.values()].flatMap(flush)
  if (last.length > 0) yield last
}

function flush({ splitter, position }: OpenLine): OutputLine[] {
  const text = splitter.flush()
  return text === undefined ? [] : [{ position, text, at: timeOf(position) }]
}

/** The milliseconds of a position: `Date.parse` for each line would be the most expensive thing here. */
let parsedSecond = { text: '', at: 0 }
function timeOf(position: string): number {
  const second = position.slice(0, 19)
  if (parsedSecond.text !== second) parsedSecond = { text: second, at: Date.parse(`${second}Z`) }
  return parsedSecond.at + Number(position.slice(20, 23))
}

/** A position as the `since` of the logs call: seconds with nine decimals. */
export function sinceOf(position: string): string {
  const seconds = Math.floor(Date.parse(`${position.slice(0, 19)}Z`) / 1000)
  return `${seconds}.${position.slice(20, 29)}`
}
