import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { POLICY } from '../../shared/domain/policy'
import type { OutputLine } from './container-runtime'
import { LineSplitter } from './line-splitter'

const CHUNK_BYTES = 256 * 1024
const POLL_MS = 100

/**
 * Follows the file a server writes to, from a byte offset (the position of a line is the offset behind it) until the server
 * ended and everything is read. The file is emptied when it has grown past what is kept of a run anyway and all of it was read;
 * the server goes on at its beginning because it appends. Lines written in the instant between the two are lost.
 */
export async function* followFile(
  path: string,
  after: string | null,
  isRunning: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<OutputLine[]> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    let offset = Number(after ?? 0)
    if (offset > size) offset = 0
    const splitter = new LineSplitter()
    // What was written while nobody read is no flood.
    let backlogEnd = after === null ? 0 : size
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    while (!signal.aborted) {
      // Asked before reading: what is written before the end is then read in any case.
      const running = isRunning()
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, offset)
      const at = offset < backlogEnd ? null : Date.now()
      const lines = splitter
        .push(chunk.subarray(0, bytesRead))
        .map(line => ({ position: String(offset + line.end), text: line.text, at }))
      offset += bytesRead
      if (lines.length > 0) yield lines
      if (bytesRead > 0) continue
      if (!running) break
      if (offset > POLICY.engine.logBytes && (await file.stat()).size === offset) {
        await file.truncate(0)
        offset = backlogEnd = 0
      }
      await delay(POLL_MS, undefined, { signal }).catch(() => {})
    }
    const last = splitter.flush()
    if (last !== undefined && !signal.aborted) yield [{ position: String(offset), text: last, at: Date.now() }]
  } finally {
    await file.close()
  }
}
