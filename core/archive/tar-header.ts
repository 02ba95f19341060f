import type { AppError } from '../../shared/errors'
import { corrupt, entryError } from './archive-errors'

/** Everything in a tar archive comes in blocks of this many bytes. */
export const BLOCK_BYTES = 512

/** The fields of one header block that Strata uses; times and owners are never taken over. */
export interface TarHeader {
  path: Buffer
  linkPath: Buffer
  typeflag: string
  mode: number
  sizeBytes: number
}

const SPACE = 0x20
const CHECKSUM = { at: 148, length: 8 }

/**
 * Reads one header block: ustar (POSIX), GNU and the old v7 form (`tar(5)` of libarchive describes all three).
 *
 * @throws AppError ARCHIVE_CORRUPT when the checksum is wrong, HEADER_INVALID when a number is negative, larger than
 *   2^53 − 1 or not a number.
 */
export function parseTarHeader(block: Buffer): TarHeader {
  verifyChecksum(block)
  const name = text(block, 0, 100)
  // GNU's own form keeps times where ustar keeps the first part of a long path.
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? text(block, 345, 155) : name.subarray(0, 0)
  const path = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name
  return {
    path,
    linkPath: text(block, 157, 100),
    typeflag: String.fromCharCode(block[156] ?? 0),
    mode: number(block, 100, 8, 'mode', path),
    sizeBytes: number(block, 124, 12, 'size', path),
  }
}

function text(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return end < 0 ? field : field.subarray(0, end)
}

/** Octal digits between blanks, or GNU's base 256 when the first bit is set. An empty field is 0. */
function number(block: Buffer, at: number, length: number, field: string, path: Buffer): number {
  const first = block[at] ?? 0
  if (first & 0x80) return base256(block.subarray(at, at + length), field, path)
  const digits = block
    .toString('latin1', at, at + length)
    .replace(/^ +/, '')
    .replace(/[ \0].*$/s, '')
  if (!/^[0-7]*$/.test(digits)) throw invalid(field, path, `“${digits}” is not an octal number`)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function base256(bytes: Buffer, field: string, path: Buffer): number {
  if (bytes[0] !== 0x80) throw invalid(field, path, 'a negative number or one beyond all measure')
  let value = 0
  for (const byte of bytes.subarray(1)) value = value * 256 + byte
  if (!Number.isSafeInteger(value)) throw invalid(field, path, 'a number beyond all measure')
  return value
}

function invalid(field: string, path: Buffer, found: string): AppError {
  return entryError('HEADER_INVALID', path.toString(), `its ${field} field holds ${found}`)
}

/** The sum of all bytes with the checksum's own field read as blanks; very old writers summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  let unsigned = CHECKSUM.length * SPACE
  let signed = unsigned
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    if (at === CHECKSUM.at) at += CHECKSUM.length
    const byte = block[at] ?? 0
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const written = block.toString('latin1', CHECKSUM.at, CHECKSUM.at + CHECKSUM.length)
  const stated = /^ *([0-7]+)[ \0]/.exec(written)?.[1]
  const sum = stated === undefined ? Number.NaN : Number.parseInt(stated, 8)
  if (sum !== unsigned && sum !== signed) {
    throw corrupt(
      'A tar header was expected and its checksum is wrong: the bytes are damaged, or not a tar archive. Pack it again, for example with `tar -czf`.',
    )
  }
}
