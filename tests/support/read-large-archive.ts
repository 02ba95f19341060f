import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { readArchive } from '../../core/archive/read-archive'
import { tarEntry } from '../factories/tar'

/**
 * A program of its own, so that its memory can be measured: reads an archive of 2 GiB that is made while it is read.
 * Says how much memory it took at most beyond what it had before.
 */
const MIB = 1024 ** 2
const FILES = 8
const PIECE = randomBytes(16 * MIB)
const PIECES_PER_FILE = 16

// Packed data of many members or frames is the data of each, one after another: the large piece is packed once.
const pack = {
  tar: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gzipSync(bytes, { level: 1 }),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
}[process.argv[2] ?? '']
if (!pack) throw new Error('tar, gzip or zstd?')

const packedPiece = pack(PIECE)
async function* archive(pack: (bytes: Buffer) => Buffer) {
  for (let number = 0; number < FILES; number += 1) {
    yield pack(tarEntry({ path: `file-${number}`, size: PIECES_PER_FILE * PIECE.length }).subarray(0, 512))
    for (let piece = 0; piece < PIECES_PER_FILE; piece += 1) {
      for (let at = 0; at < packedPiece.length; at += 64 * 1024) {
        yield packedPiece.subarray(at, at + 64 * 1024)
        // A network lets the event loop turn.
        if (at % MIB === 0) await setImmediate()
      }
    }
  }
  yield pack(Buffer.alloc(1024))
}

const before = process.memoryUsage().rss
let most = before
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10)
const index = await readArchive(Readable.from(archive(pack), { objectMode: false }))
clearInterval(watch)
process.stdout.write(
  JSON.stringify({ unpackedBytes: index.unpackedBytes, entries: index.entries.length, memoryRiseBytes: most - before }),
)
