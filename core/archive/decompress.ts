import zlib from 'node:zlib'
import type { Gunzip, ZstdDecompress } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../shared/errors'
import { corrupt } from './archive-errors'
import type { ArchiveLimits } from './archive-limits'
import { ZstdFrames } from './zstd-frames'

/** Fewer, larger steps between the thread that decompresses and ours. */
const CHUNK_BYTES = 128 * 1024
/** zstd's own default for strangers' data: its window may take 128 MiB of memory. */
const ZSTD_WINDOW_LOG = 27

const GZIP = [0x1f, 0x8b]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]
/** What is often uploaded under the name of a tar archive. */
const STRANGERS: readonly { magic: readonly number[]; name: string }[] = [
  { magic: [0x50, 0x4b], name: 'a zip file' },
  { magic: [0x42, 0x5a, 0x68], name: 'packed with bzip2' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'packed with xz' },
  { magic: [0x37, 0x7a, 0xbc, 0xaf], name: 'a 7z file' },
  { magic: [0x52, 0x61, 0x72, 0x21], name: 'a rar file' },
  { magic: [...Buffer.from('<')], name: 'a web page or XML' },
]
const MAGIC_BYTES = 5

/**
 * Hands the bytes inside tar, tar.gz (of any number of members) or tar.zst (of any number of frames) to `write`,
 * piece by piece, by what the first bytes are and not by any name.
 *
 * @throws AppError ARCHIVE_CORRUPT for other formats, damage, an early end or something behind the end; TOO_BIG when
 *   it expands like a bomb. What `source` itself throws comes through unchanged.
 */
export async function decompress(
  source: AsyncIterable<Buffer>,
  write: (chunk: Buffer) => void,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<void> {
  const { head, rest } = await peek(source)
  if (head.length === 0) throw corrupt('The file is empty; a tar archive was needed.')
  const stranger = STRANGERS.find(({ magic }) => startsWith(head, magic))
  if (stranger) {
    throw corrupt(`This is ${stranger.name}; .tar, .tar.gz or .tar.zst was needed.`)
  }
  if (startsWith(head, GZIP)) return gunzip(rest, write, limits, signal)
  if (startsWith(head, ZSTD) || isSkippableFrame(head)) return unzstd(rest, write, limits, signal)
  for await (const chunk of rest) write(chunk)
}

async function gunzip(
  source: AsyncIterable<Buffer>,
  write: (chunk: Buffer) => void,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<void> {
  const decoder = zlib.createGunzip({ chunkSize: CHUNK_BYTES })
  const guard = new ExpansionGuard(limits)
  await decode(source, decoder, guard, write, signal)
  // The decoder passes over whatever follows the last member and begins with a zero byte.
  if (decoder.bytesWritten !== guard.packedBytes) {
    throw corrupt('Something stands behind the end of the gzip data.')
  }
}

async function unzstd(
  source: AsyncIterable<Buffer>,
  write: (chunk: Buffer) => void,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<void> {
  const frames = new ZstdFrames()
  const decoder = zlib.createZstdDecompress({
    chunkSize: CHUNK_BYTES,
    params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
  })
  async function* inFrames() {
    for await (const chunk of source) yield* frames.split(chunk)
  }
  await decode(inFrames(), decoder, new ExpansionGuard(limits), write, signal)
  if (!frames.isWhole) throw corrupt('The zstd data is cut off. Pack or upload it again.')
}

async function decode(
  source: AsyncIterable<Buffer>,
  decoder: Gunzip | ZstdDecompress,
  guard: ExpansionGuard,
  write: (chunk: Buffer) => void,
  signal?: AbortSignal,
): Promise<void> {
  const counted = async function* () {
    for await (const chunk of source) {
      guard.packed(chunk.length)
      yield chunk
    }
  }
  try {
    await pipeline(
      counted,
      decoder,
      async (decoded: AsyncIterable<Buffer>) => {
        for await (const chunk of decoded) {
          guard.unpacked(chunk.length)
          write(chunk)
        }
      },
      { signal },
    )
  } catch (error) {
    if (!isDecoderError(error)) throw error
    throw corrupt(`The compressed data is damaged or cut off (${error.message}).`, error)
  }
}

/** Refuses what grows beyond measure while it is still growing. */
class ExpansionGuard {
  packedBytes = 0
  #unpackedBytes = 0
  readonly #limits: ArchiveLimits

  constructor(limits: ArchiveLimits) {
    this.#limits = limits
  }

  packed(bytes: number): void {
    this.packedBytes += bytes
  }

  unpacked(bytes: number): void {
    this.#unpackedBytes += bytes
    const { expansionFreeBytes, expansionRatio } = this.#limits
    if (this.#unpackedBytes <= expansionFreeBytes) return
    if (this.#unpackedBytes <= this.packedBytes * expansionRatio) return
    throw new AppError(
      'TOO_BIG',
      `The archive expands to more than ${expansionRatio} times its size, as a decompression bomb does. Pack what it holds in a less repetitive way, or upload it as a plain .tar.`,
    )
  }
}

/** The first bytes, and an iterable that still yields everything. */
async function peek(source: AsyncIterable<Buffer>): Promise<{ head: Buffer; rest: AsyncIterable<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (head.length < MAGIC_BYTES) {
    const next = await chunks.next()
    if (next.done) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  async function* rest() {
    try {
      yield head
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
    } finally {
      await chunks.return?.()
    }
  }
  return { head, rest: rest() }
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte)
}

function isSkippableFrame(head: Buffer): boolean {
  return ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])
}

function isDecoderError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(?:Z_|ZSTD_)/.test(error.code)
}
