import { createHash } from 'node:crypto'
import { addAbortSignal } from 'node:stream'
import type { Readable } from 'node:stream'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import { archiveLimits } from './archive-limits'
import type { ArchiveLimits } from './archive-limits'
import type { ArchiveSink } from './archive-sink'
import { ArchiveReader } from './archive-reader'
import { decompress } from './decompress'
import { TarParser } from './tar-parser'

export interface ReadArchiveOptions {
  limits?: Partial<ArchiveLimits>
  /** Where to unpack to while reading; without one the archive is only judged. */
  sink?: ArchiveSink
  signal?: AbortSignal
}

/**
 * Reads a template archive (tar, tar.gz, tar.zst) once, in constant memory: judges it, makes its index and, with a
 * sink, unpacks it on the way. sha256 and size are those of the bytes as they came.
 *
 * `source` is destroyed when this fails: give a stream of your own when it must live on (a request that has to be
 * answered). What was unpacked until a failure lies below the sink's root and is the caller's to remove.
 *
 * @throws AppError with a code of the archives (`PATH_ESCAPE` … `METADATA_INVALID`) that names the entry at fault;
 *   errors of `source`, of the sink and of the signal come through unchanged.
 */
export async function readArchive(source: Readable, options: ReadArchiveOptions = {}): Promise<LayerIndex> {
  const { sink, signal } = options
  const limits = archiveLimits(options.limits)
  const reader = new ArchiveReader(limits, sink)
  const parser = new TarParser(reader, limits)
  const packed = createHash('sha256')
  let sizeBytes = 0

  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      const bytes = asBuffer(chunk)
      packed.update(bytes)
      sizeBytes += bytes.length
      yield bytes
    }
  }

  if (signal) addAbortSignal(signal, source)
  try {
    await decompress(counted(), chunk => parser.write(chunk), limits, signal)
    parser.finish()
    return { sha256: packed.digest('hex'), sizeBytes, ...reader.finish() }
  } finally {
    reader.abandon()
    source.destroy()
  }
}

function asBuffer(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError('readArchive needs a stream of bytes')
}
