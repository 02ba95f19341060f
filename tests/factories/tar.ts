import { gzipSync, zstdCompressSync } from 'node:zlib'

const BLOCK = 512

/** One header block and what follows it, before it is laid out; any field may be wrong on purpose. */
export interface TarEntryInput {
  path: string | Buffer
  type?: string
  content?: string | Buffer
  mode?: number
  linkPath?: string
  /** Replaces the size that the content has. A Buffer is written as it is, to make sizes no number can hold. */
  size?: number | Buffer
  magic?: 'ustar' | 'gnu' | 'v7'
  checksum?: 'unsigned' | 'signed' | 'wrong'
  uid?: number
}

/** A header block of 512 bytes with the content behind it, padded. */
export function tarEntry(input: TarEntryInput): Buffer {
  const content = Buffer.from(input.content ?? '')
  const header = Buffer.alloc(BLOCK)
  const path = Buffer.from(input.path)
  if (path.length > 100) throw new Error('longer than a header holds: put paxHeader or gnuLongPath before it')
  path.copy(header, 0)
  octal(header, 100, 8, input.mode ?? 0o644)
  octal(header, 108, 8, input.uid ?? 0)
  octal(header, 116, 8, input.uid ?? 0)
  if (Buffer.isBuffer(input.size)) input.size.copy(header, 124)
  else octal(header, 124, 12, input.size ?? content.length)
  octal(header, 136, 12, 1_700_000_000)
  header.write(input.type ?? '0', 156, 'latin1')
  header.write(input.linkPath ?? '', 157)
  const magic = { ustar: 'ustar\x0000', gnu: 'ustar  \0', v7: '' }[input.magic ?? 'ustar']
  header.write(magic, 257, 'latin1')
  writeChecksum(header, input.checksum ?? 'unsigned')
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)])
}

export function file(path: string, content: string | Buffer = '', mode = 0o644): Buffer {
  return tarEntry({ path, content, mode })
}

export function directory(path: string, mode = 0o755): Buffer {
  return tarEntry({ path: `${path}/`, type: '5', mode })
}

export function symlink(path: string, linkPath: string): Buffer {
  return tarEntry({ path, type: '2', linkPath, mode: 0o777 })
}

export function hardLink(path: string, linkPath: string): Buffer {
  return tarEntry({ path, type: '1', linkPath })
}

/** A PAX header for the entry behind it; `size` claims another length than it has. */
export function paxHeader(records: Record<string, string>, options: { type?: 'x' | 'g'; size?: number } = {}): Buffer {
  const content = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('')
  return tarEntry({ path: 'PaxHeaders/entry', type: options.type ?? 'x', content, size: options.size })
}

export function gnuLongPath(path: string): Buffer {
  return tarEntry({ path: '././@LongLink', type: 'L', content: `${path}\0`, magic: 'gnu' })
}

export function gnuLongLink(target: string): Buffer {
  return tarEntry({ path: '././@LongLink', type: 'K', content: `${target}\0`, magic: 'gnu' })
}

/** The archive of these entries with its two closing blocks. */
export function tar(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)])
}

export function tarGz(...entries: Buffer[]): Buffer {
  return gzipSync(tar(...entries))
}

export function tarZst(...entries: Buffer[]): Buffer {
  return zstdCompressSync(tar(...entries))
}

/** GNU's base-256 form of a number, for the 12 bytes of a size. */
export function base256(value: bigint): Buffer {
  const bytes = Buffer.alloc(12)
  let rest = BigInt.asUintN(96, value)
  for (let at = 11; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80
  return bytes
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let total = bytes + 1
  while (String(total).length + bytes !== total) total = String(total).length + bytes
  return `${total}${rest}`
}

function octal(header: Buffer, at: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
}

function writeChecksum(header: Buffer, kind: 'unsigned' | 'signed' | 'wrong'): void {
  header.fill(' ', 148, 156)
  let sum = 0
  for (const byte of header) sum += kind === 'signed' && byte > 127 ? byte - 256 : byte
  if (kind === 'wrong') sum += 1
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}
