import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** Bytes on their way, counted and hashed as they pass; and what their source threw, apart from what the store does. */
export interface Metered {
  bytes: AsyncIterable<Uint8Array>
  /** What the source threw, if it did. */
  failure(): Error | undefined
  /** True once all has passed. */
  isWhole(): boolean
  /** Of what has passed; twice is the same as once. */
  written(): { sha256: string; sizeBytes: number }
}

export function meter(source: Readable): Metered {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let failure: Error | undefined
  let isWhole = false
  let sha256: string | undefined

  async function* pass(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        const bytes = chunk as Buffer
        hash.update(bytes)
        sizeBytes += bytes.length
        yield bytes
      }
      isWhole = true
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
      throw failure
    }
  }

  return {
    bytes: pass(),
    failure: () => failure,
    isWhole: () => isWhole,
    written: () => ({ sha256: (sha256 ??= hash.digest('hex')), sizeBytes }),
  }
}
