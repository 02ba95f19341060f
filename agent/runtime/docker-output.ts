import type { OutputLine } from './container-runtime'
import { LineSplitter } from './line-splitter'

const HEADER_BYTES = 8
/** `2026-11-21T03:04:05.123456789Z`, always nine digits. */
const STAMP_BYTES = 30

/**
 * Docker's multiplexed log stream, asked for with timestamps, as lines. A frame is one log message: a header (stream, length;
 * see "Stream format" of the Engine API), the time of the message, a blank, its bytes. A message without a line break is
 * the beginning of a long line. The position of a line is its time.
 */
export async function* readDockerOutput(stream: AsyncIterable<unknown>, after: string | null): AsyncGenerator<OutputLine[]> {
  const splitters = new Map<number, LineSplitter>()
  let rest: Buffer = Buffer.alloc(0)
  let last = after ?? ''
  for await (const chunk of stream) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
    const lines: OutputLine[] = []
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4)
      if (bytes.length < end) break
      const splitter = splitters.get(bytes[at] ?? 0) ?? new LineSplitter()
      splitters.set(bytes[at] ?? 0, splitter)
      const position = bytes.toString('latin1', at + HEADER_BYTES, at + HEADER_BYTES + STAMP_BYTES)
      // `since` is inclusive: what was read before comes again.
      if (!after || position > after) {
        for (const line of splitter.push(bytes.subarray(at + HEADER_BYTES + STAMP_BYTES + 1, end))) lines.push({ position, text: line.text })
        last = position
      }
      at = end
    }
    rest = bytes.subarray(at)
    if (lines.length > 0) yield lines
  }
  const open = [...splitters.values()].flatMap(splitter => splitter.flush() ?? [])
  if (open.length > 0) yield open.map(text => ({ position: last, text }))
}

/** A position as the `since` of the logs call: seconds with nine decimals. */
export function sinceOf(position: string): string {
  const seconds = Math.floor(Date.parse(`${position.slice(0, 19)}Z`) / 1000)
  return `${seconds}.${position.slice(20, 29)}`
}
