import { AppError } from '../../shared/errors'
import { corrupt, entryError } from './archive-errors'
import type { ArchiveLimits } from './archive-limits'
import { parsePaxRecords } from './pax-records'
import type { PaxRecords } from './pax-records'
import { BLOCK_BYTES, parseTarHeader } from './tar-header'
import type { TarHeader } from './tar-header'

/** What a tar archive is made of, in order; `body` comes 0 or more times between `entry` and `bodyEnd`. */
export interface TarHandler {
  entry(header: TarHeader): void
  body(chunk: Buffer): void
  bodyEnd(): void
}

/** Types of headers that describe the entry behind them. */
const PAX_LOCAL = 'x'
const PAX_GLOBAL = 'g'
const GNU_LONG_PATH = 'L'
const GNU_LONG_LINK = 'K'
const GNU_SPARSE = 'S'
const EXTENDED = new Set([PAX_LOCAL, PAX_GLOBAL, GNU_LONG_PATH, GNU_LONG_LINK])
/** The most headers that an honest entry has: PAX, long path, long link, its own. */
const HEADERS_PER_ENTRY = 4

/**
 * Reads a tar archive from chunks as they come, synchronously, and keeps nothing but one header. It is ours rather
 * than a package's because an archive is judged by what this reader sees: a second parser in front of a lenient one
 * would see some headers differently, and those are the ones an attacker writes.
 */
export class TarParser {
  readonly #handler: TarHandler
  readonly #limits: ArchiveLimits
  /** A header that is split between chunks. */
  readonly #block = Buffer.alloc(BLOCK_BYTES)
  #blockBytes = 0
  #bodyBytes = 0
  #paddingBytes = 0
  #isExtended = false
  #extendedType = ''
  #extendedParts: Buffer[] = []
  #pending: PaxRecords | undefined
  #endBlocks = 0
  #unpackedBytes = 0
  #headers = 0

  constructor(handler: TarHandler, limits: ArchiveLimits) {
    this.#handler = handler
    this.#limits = limits
  }

  /** @throws AppError with the code of whatever is wrong; the parser is of no use afterwards. */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyBytes > 0) {
        const part = chunk.subarray(at, at + this.#bodyBytes)
        at += part.length
        this.#bodyBytes -= part.length
        if (this.#isExtended) this.#extendedParts.push(part)
        else this.#handler.body(part)
        if (this.#bodyBytes === 0) this.#endBody()
      } else if (this.#paddingBytes > 0) {
        const skipped = Math.min(this.#paddingBytes, chunk.length - at)
        this.#paddingBytes -= skipped
        at += skipped
      } else {
        at += this.#collectBlock(chunk, at)
      }
    }
  }

  /** Call when no more bytes come. @throws AppError ARCHIVE_CORRUPT when the archive was cut off. */
  finish(): void {
    if (this.#endBlocks >= 2 && this.#blockBytes === 0) return
    throw corrupt('The archive is cut off: it ends before its two closing blocks. Pack or upload it again.')
  }

  #collectBlock(chunk: Buffer, at: number): number {
    const taken = Math.min(BLOCK_BYTES - this.#blockBytes, chunk.length - at)
    if (taken === BLOCK_BYTES) {
      this.#header(chunk.subarray(at, at + BLOCK_BYTES))
      return taken
    }
    chunk.copy(this.#block, this.#blockBytes, at, at + taken)
    this.#blockBytes += taken
    if (this.#blockBytes === BLOCK_BYTES) {
      this.#blockBytes = 0
      // A copy: the handler may keep parts of a header while the next one is collected.
      this.#header(Buffer.from(this.#block))
    }
    return taken
  }

  #header(block: Buffer): void {
    if (isZero(block)) {
      this.#endBlocks += 1
      if (this.#endBlocks > 2) this.#spend(BLOCK_BYTES)
      if (this.#pending) throw invalid('An extended header stands at the end and describes nothing.')
      return
    }
    if (this.#endBlocks > 0) throw corrupt('Something stands behind the end of the archive.')
    const header = parseTarHeader(block)
    this.#headers += 1
    if (this.#headers > this.#limits.entries * HEADERS_PER_ENTRY) {
      throw new AppError('TOO_MANY_ENTRIES', `The archive has more than ${this.#headers - 1} headers.`)
    }
    if (EXTENDED.has(header.typeflag)) this.#beginExtended(header)
    else this.#beginEntry(header)
  }

  #beginExtended(header: TarHeader): void {
    if (header.sizeBytes > this.#limits.extendedHeaderBytes) {
      throw invalid(
        `An extended header claims ${header.sizeBytes} bytes; at most ${this.#limits.extendedHeaderBytes} are allowed.`,
      )
    }
    this.#isExtended = true
    this.#extendedType = header.typeflag
    this.#extendedParts = []
    this.#beginBody(header.sizeBytes)
  }

  #beginEntry(header: TarHeader): void {
    const entry: TarHeader = {
      ...header,
      path: this.#pending?.path ?? header.path,
      linkPath: this.#pending?.linkPath ?? header.linkPath,
      sizeBytes: this.#pending?.sizeBytes ?? header.sizeBytes,
    }
    const isSparse = this.#pending?.isSparse || entry.typeflag === GNU_SPARSE
    this.#pending = undefined
    this.#isExtended = false
    if (isSparse) {
      throw entryError(
        'ENTRY_TYPE',
        entry.path.toString(),
        'is a sparse file; pack the archive again without `--sparse` (`-S`)',
      )
    }
    this.#handler.entry(entry)
    this.#beginBody(entry.sizeBytes)
  }

  #beginBody(sizeBytes: number): void {
    this.#spend(sizeBytes)
    this.#bodyBytes = sizeBytes
    this.#paddingBytes = (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES
    if (sizeBytes === 0) this.#endBody()
  }

  #endBody(): void {
    if (this.#isExtended) this.#endExtended()
    else this.#handler.bodyEnd()
  }

  #endExtended(): void {
    const body = Buffer.concat(this.#extendedParts)
    this.#extendedParts = []
    if (this.#extendedType === PAX_GLOBAL) {
      if (Object.values(parsePaxRecords(body)).some(value => value !== undefined)) {
        throw invalid('A global PAX header gives one path, size or form to all entries.')
      }
      return
    }
    this.#pending ??= {}
    if (this.#extendedType === PAX_LOCAL) Object.assign(this.#pending, parsePaxRecords(body))
    if (this.#extendedType === GNU_LONG_PATH) this.#pending.path = untilNul(body)
    if (this.#extendedType === GNU_LONG_LINK) this.#pending.linkPath = untilNul(body)
  }

  /** Counts what is unpacked before it is read, so that a claim alone is refused. */
  #spend(bytes: number): void {
    this.#unpackedBytes += bytes
    if (this.#unpackedBytes > this.#limits.unpackedBytes) {
      throw new AppError(
        'TOO_BIG',
        `Unpacked, the archive takes more than ${this.#limits.unpackedBytes} bytes, the most that is allowed. Split it into several templates.`,
      )
    }
  }
}

function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false
  return true
}

/** GNU ends its long names with a NUL. */
function untilNul(body: Buffer): Buffer {
  const end = body.indexOf(0)
  return end < 0 ? body : body.subarray(0, end)
}

function invalid(detail: string): AppError {
  return new AppError('HEADER_INVALID', `${detail} Pack the archive again with another program.`)
}
