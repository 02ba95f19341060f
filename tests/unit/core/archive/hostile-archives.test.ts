import { createGzip, gzipSync, zstdCompressSync } from 'node:zlib'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDiskSink } from '../../../../core/archive/disk-sink'
import { readArchive } from '../../../../core/archive/read-archive'
import type { ErrorCode } from '../../../../shared/errors'
import { isAppError } from '../../../../shared/errors'
import {
  base256,
  directory,
  file,
  gnuLongLink,
  gnuLongPath,
  hardLink,
  paxHeader,
  symlink,
  tar,
  tarEntry,
  tarGz,
} from '../../../factories/tar'
import { inChunks, makePlayground } from '../../../support/archive-playground'
import { readTree } from '../../../support/read-tree'

const MIB = 1024 ** 2
const long = (name: string, pax: Record<string, string>) => [paxHeader(pax), file(name, 'x')]

/** What hostile.md lists, and its near neighbours: archive, code, the entry that must be named (when one can be). */
const REFUSED: [name: string, code: ErrorCode, archive: () => Buffer, entry?: string][] = [
  // paths
  ['../x', 'PATH_ESCAPE', () => tar(file('../x')), '../x'],
  ['a/../../x', 'PATH_ESCAPE', () => tar(file('a/../../x')), 'a/../../x'],
  ['.. in the middle', 'PATH_ESCAPE', () => tar(file('a/../b')), 'a/../b'],
  ['a folder named ..', 'PATH_ESCAPE', () => tar(directory('..')), '../'],
  ['/etc/x', 'PATH_ESCAPE', () => tar(file('/etc/x')), '/etc/x'],
  ['////etc/x', 'PATH_ESCAPE', () => tar(file('////etc/x')), '////etc/x'],
  ['C:\\x', 'PATH_ESCAPE', () => tar(file('C:\\x')), 'C:\\x'],
  ['C:/x', 'PATH_ESCAPE', () => tar(file('C:/x')), 'C:/x'],
  ['..\\x', 'PATH_ESCAPE', () => tar(file('..\\x')), '..\\x'],
  ['a\\..\\..\\x', 'PATH_ESCAPE', () => tar(file('a\\..\\..\\x'))],
  ['\\x', 'PATH_ESCAPE', () => tar(file('\\x'))],
  ['../x by PAX', 'PATH_ESCAPE', () => tar(...long('fine', { path: '../x' })), '../x'],
  ['../x by a GNU long name', 'PATH_ESCAPE', () => tar(gnuLongPath('../x'), file('fine')), '../x'],
  ['../x in the prefix of a ustar header', 'PATH_ESCAPE', () => tar(withPrefix('..', 'x')), '../x'],
  ['a NUL in a PAX path', 'PATH_INVALID', () => tar(...long('a', { path: 'a\0b' })), 'a\\x00b'],
  ['a newline in a PAX path', 'PATH_INVALID', () => tar(...long('a', { path: 'a\nb' })), 'a\\x0ab'],
  ['a newline in a header', 'PATH_INVALID', () => tar(file('a\nb')), 'a\\x0ab'],
  ['a path that is not UTF-8', 'PATH_INVALID', () => tar(tarEntry({ path: Buffer.from([0x61, 0xff]) }))],
  ['an empty path', 'PATH_INVALID', () => tar(file(''))],
  ['a file in place of the root', 'PATH_INVALID', () => tar(file('.'))],
  ['a backslash', 'PATH_INVALID', () => tar(file('a\\b')), 'a\\b'],
  ['depth 2,000', 'PATH_TOO_LONG', () => tar(...long('a', { path: 'a/'.repeat(2_000) + 'b' }))],
  ['depth 65', 'PATH_TOO_LONG', () => tar(...long('a', { path: 'a/'.repeat(64) + 'b' }))],
  ['a component of 256 bytes', 'PATH_TOO_LONG', () => tar(...long('a', { path: 'é'.repeat(128) }))],
  [
    'a path of 1,025 bytes',
    'PATH_TOO_LONG',
    () => tar(...long('a', { path: `${'a/'.repeat(12)}${'b'.repeat(250)}/`.repeat(3) + 'c'.repeat(203) })),
  ],
  // links
  ['a link to /etc', 'LINK_ESCAPE', () => tar(symlink('etc', '/etc')), 'etc'],
  ['a link to /etc and a file through it', 'LINK_ESCAPE', () => tar(symlink('etc', '/etc'), file('etc/passwd', 'x'))],
  [
    'a file through a link that stays inside',
    'LINK_ESCAPE',
    () => tar(directory('a'), symlink('b', 'a'), file('b/x')),
    'b/x',
  ],
  ['a folder through a link', 'LINK_ESCAPE', () => tar(directory('a'), symlink('b', 'a'), directory('b/x')), 'b/x'],
  ['a link through a link', 'LINK_ESCAPE', () => tar(directory('a'), symlink('b', 'a'), symlink('b/x', 'y')), 'b/x'],
  ['a link above the root', 'LINK_ESCAPE', () => tar(symlink('a', '../x')), 'a'],
  ['a link above the root and back', 'LINK_ESCAPE', () => tar(symlink('a', '../stack/x')), 'a'],
  ['a deep link above the root', 'LINK_ESCAPE', () => tar(symlink('a/b/c', '../../../x')), 'a/b/c'],
  [
    'a/b/up → ../.. and a file through it',
    'LINK_ESCAPE',
    () => tar(symlink('a/b/up', '../..'), file('a/b/up/x')),
    'a/b/up/x',
  ],
  [
    'a chain that leaves step by step',
    'LINK_ESCAPE',
    () => tar(symlink('a/b/up', '../..'), symlink('x', 'a/b/up/..')),
    'x',
  ],
  [
    'a chain whose last link comes first',
    'LINK_ESCAPE',
    () => tar(symlink('x', 'a/b/up/../y'), symlink('a/b/up', '../..')),
    'x',
  ],
  ['a link to a Windows path', 'LINK_ESCAPE', () => tar(symlink('a', 'C:\\Windows')), 'a'],
  [
    'a long link above the root',
    'LINK_ESCAPE',
    () => tar(gnuLongLink('../'.repeat(60) + 'etc'), symlink('a', 'b')),
    'a',
  ],
  ['a hard link to /etc/passwd', 'LINK_ESCAPE', () => tar(hardLink('a', '/etc/passwd')), 'a'],
  ['a hard link to ../x', 'LINK_ESCAPE', () => tar(hardLink('a', '../x')), 'a'],
  ['a hard link to what is not there yet', 'LINK_ESCAPE', () => tar(hardLink('a', 'b'), file('b')), 'a'],
  ['a hard link to a folder', 'LINK_ESCAPE', () => tar(directory('b'), hardLink('a', 'b')), 'a'],
  ['a hard link to a link', 'LINK_ESCAPE', () => tar(file('c'), symlink('b', 'c'), hardLink('a', 'b')), 'a'],
  ['a hard link through a link', 'LINK_ESCAPE', () => tar(file('d/c'), symlink('b', 'd'), hardLink('a', 'b/c')), 'a'],
  ['a hard link to strata.yaml', 'LINK_ESCAPE', () => tar(file('strata.yaml'), hardLink('a', 'strata.yaml')), 'a'],
  [
    'a hard link to a file that was replaced',
    'LINK_ESCAPE',
    () => tar(file('b'), directory('b'), hardLink('a', 'b')),
    'a',
  ],
  // types
  ...(['3', '4', '6', '7', 'S', 'D', 'M', 'V', 'X', 'Z', '\x01'] as const).map(
    (type): [string, ErrorCode, () => Buffer, string] => [
      `type ${JSON.stringify(type)}`,
      'ENTRY_TYPE',
      () => tar(tarEntry({ path: 'thing', type })),
      'thing',
    ],
  ),
  [
    'a sparse file by PAX',
    'ENTRY_TYPE',
    () => tar(...long('s', { 'GNU.sparse.major': '1', 'GNU.sparse.name': 's' })),
    's',
  ],
  [
    'sparse files by a global PAX header',
    'HEADER_INVALID',
    () => tar(paxHeader({ 'GNU.sparse.major': '1' }, { type: 'g' }), file('s')),
  ],
  // bombs
  ['a gzip bomb', 'TOO_BIG', () => gzipSync(tar(file('zeros', Buffer.alloc(80 * MIB))))],
  ['a gzip bomb of many members', 'TOO_BIG', gzipBombOfMembers],
  ['a zstd bomb', 'TOO_BIG', () => zstdCompressSync(tar(file('zeros', Buffer.alloc(80 * MIB))))],
  [
    'a file that claims more than 20 GiB',
    'TOO_BIG',
    () => tar(tarEntry({ path: 'a', size: base256(21n * 1024n ** 3n) })),
    undefined,
  ],
  [
    'a PAX header that claims 8 GiB',
    'HEADER_INVALID',
    () => tar(paxHeader({ path: 'a' }, { size: 8 * 1024 ** 3 - 1 })),
  ],
  [
    'a GNU long name that claims 8 GiB',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'a', type: 'L', size: 8 * 1024 ** 3 - 1 })),
  ],
  ['a negative size', 'HEADER_INVALID', () => tar(tarEntry({ path: 'a', size: Buffer.alloc(12, 0xff) })), 'a'],
  [
    'a negative size with small digits',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'a', size: Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]) })),
    'a',
  ],
  ['a size beyond all measure', 'HEADER_INVALID', () => tar(tarEntry({ path: 'a', size: base256(2n ** 70n) })), 'a'],
  [
    'a size that is no number',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'a', size: Buffer.from('0000000-001\0') })),
    'a',
  ],
  ['a negative size by PAX', 'HEADER_INVALID', () => tar(...long('a', { size: '-1' }))],
  ['a huge size by PAX', 'HEADER_INVALID', () => tar(...long('a', { size: '99999999999999999999' }))],
  ['a folder with a size', 'HEADER_INVALID', () => tar(tarEntry({ path: 'a/', type: '5', content: 'x' })), 'a'],
  ['an old folder with bytes', 'HEADER_INVALID', () => tar(tarEntry({ path: 'a/', type: '0', content: 'x' })), 'a'],
  [
    'a link with bytes',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'a', type: '2', linkPath: 'b', content: 'x' })),
    'a',
  ],
  [
    'a PAX record without a length',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'p', type: 'x', content: 'path=x\n' }), file('a')),
  ],
  [
    'a PAX record longer than its header',
    'HEADER_INVALID',
    () => tar(tarEntry({ path: 'p', type: 'x', content: '99 path=x\n' }), file('a')),
  ],
  [
    'one path for all by a global PAX header',
    'HEADER_INVALID',
    () => tar(paxHeader({ path: 'x' }, { type: 'g' }), file('a')),
  ],
  ['a PAX header that describes nothing', 'HEADER_INVALID', () => tar(paxHeader({ path: 'x' }))],
  // damage
  ['an empty file', 'ARCHIVE_CORRUPT', () => Buffer.alloc(0)],
  ['a web page', 'ARCHIVE_CORRUPT', () => Buffer.from('<!doctype html><title>404</title>'.repeat(40))],
  ['a packed web page', 'ARCHIVE_CORRUPT', () => gzipSync('<!doctype html><title>404</title>'.repeat(40))],
  ['a zip', 'ARCHIVE_CORRUPT', () => Buffer.from('PK\x03\x04'.padEnd(2_000, 'z'))],
  ['text', 'ARCHIVE_CORRUPT', () => Buffer.from('hello '.repeat(500))],
  ['fewer bytes than a header', 'ARCHIVE_CORRUPT', () => Buffer.from('abc')],
  ['a wrong header checksum', 'ARCHIVE_CORRUPT', () => tar(tarEntry({ path: 'a', checksum: 'wrong' }))],
  ['a wrong CRC', 'ARCHIVE_CORRUPT', () => flipped(tarGz(file('a', 'content')), -7)],
  ['a wrong length in gzip', 'ARCHIVE_CORRUPT', () => flipped(tarGz(file('a', 'content')), -1)],
  ['no closing blocks', 'ARCHIVE_CORRUPT', () => file('a', 'content')],
  ['one closing block', 'ARCHIVE_CORRUPT', () => Buffer.concat([file('a', 'content'), Buffer.alloc(512)])],
  ['a lone zero block', 'ARCHIVE_CORRUPT', () => Buffer.concat([file('a'), Buffer.alloc(512), tar(file('b'))])],
  [
    'something behind the end',
    'ARCHIVE_CORRUPT',
    () => Buffer.concat([tar(file('a')), Buffer.from('junk'.repeat(128))]),
  ],
  ['a second archive behind the first', 'ARCHIVE_CORRUPT', () => Buffer.concat([tar(file('a')), tar(file('b'))])],
  ['junk behind gzip', 'ARCHIVE_CORRUPT', () => Buffer.concat([tarGz(file('a')), Buffer.from('junk')])],
  ['zeros behind gzip', 'ARCHIVE_CORRUPT', () => Buffer.concat([tarGz(file('a')), Buffer.alloc(8)])],
  ['junk behind zstd', 'ARCHIVE_CORRUPT', () => Buffer.concat([zstdCompressSync(tar(file('a'))), Buffer.from('junk')])],
  ['zeros behind zstd', 'ARCHIVE_CORRUPT', () => Buffer.concat([zstdCompressSync(tar(file('a'))), Buffer.alloc(8)])],
  // metadata
  ['strata.yaml as a folder', 'METADATA_INVALID', () => tar(directory('strata.yaml')), 'strata.yaml'],
  ['a file below strata.yaml', 'METADATA_INVALID', () => tar(file('strata.yaml/a')), 'strata.yaml'],
  ['strata.yaml as a link', 'METADATA_INVALID', () => tar(file('a'), symlink('strata.yaml', 'a')), 'strata.yaml'],
  ['strata.yaml as a hard link', 'METADATA_INVALID', () => tar(file('a'), hardLink('strata.yaml', 'a')), 'strata.yaml'],
  [
    'strata.yaml above 256 KiB',
    'METADATA_INVALID',
    () => tar(file('strata.yaml', '#'.repeat(256 * 1024 + 1))),
    'strata.yaml',
  ],
]

describe('hostile archives', () => {
  let playground: ReturnType<typeof makePlayground>
  beforeEach(() => {
    playground = makePlayground()
  })
  afterEach(() => playground.remove())

  it.each(REFUSED)('%s → %s', { timeout: 20_000 }, async (_, code, archive, entry) => {
    const bytes = archive()
    const root = join(playground.staging, 'root')
    const before = readTree(playground.canary)
    const memoryBefore = process.memoryUsage().rss
    const error: unknown = await readArchive(inChunks(bytes), { sink: createDiskSink(root) }).catch(caught => caught)

    expect(isAppError(error) ? error.code : error).toBe(code)
    if (entry !== undefined && isAppError(error)) expect(error.issues?.[0]?.path).toBe(entry)
    expect(readTree(playground.canary)).toEqual(before)
    // Whatever was unpacked until then lies in the caller's folder and nowhere else, and carries no setuid bit.
    expect(readdirSync(playground.staging)).toEqual(['root'])
    expect(readdirSync(playground.folder).sort()).toEqual(['canary', 'staging'])
    expect(Object.values(readTree(root)).join('\n')).not.toMatch(/^\d+:\d+ [1-7]\d{3} /m)
    // Once more, where it seems too much: what the last test left for the collector is not this archive's.
    if (process.memoryUsage().rss - memoryBefore >= 200 * MIB) {
      const settled = process.memoryUsage().rss
      await readArchive(inChunks(bytes)).catch(caught => caught)
      expect(process.memoryUsage().rss - settled).toBeLessThan(200 * MIB)
    }
    // The same verdict without a sink, as the brain asks for it.
    await expect(readArchive(inChunks(bytes))).rejects.toMatchObject({ code })
  })

  it('refuses 200,001 entries, and takes 200,000', { timeout: 20_000 }, async () => {
    const tooMany = manyFiles(200_001)
    const before = process.memoryUsage().rss
    await expect(readArchive(inChunks(tooMany))).rejects.toMatchObject({ code: 'TOO_MANY_ENTRIES' })
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB)
    expect((await readArchive(inChunks(manyFiles(200_000)))).entries).toHaveLength(200_000)
  })

  it('counts folders that only paths name', async () => {
    const deep = Array.from({ length: 100 }, (_, at) => file(`${at}/a/b/c/d/e/f/g/h/i/x`))
    await expect(readArchive(inChunks(tar(...deep)), { limits: { entries: 500 } })).rejects.toMatchObject({
      code: 'TOO_MANY_ENTRIES',
    })
    await expect(readArchive(inChunks(tar(...deep)), { limits: { entries: 1_100 } })).resolves.toBeDefined()
  })

  it('counts a hard link as the copy it becomes', async () => {
    const archive = tar(file('a', 'x'.repeat(600)), hardLink('b', 'a'), hardLink('c', 'a'))
    await expect(readArchive(inChunks(archive), { limits: { unpackedBytes: 1_799 } })).rejects.toMatchObject({
      code: 'TOO_BIG',
    })
    await expect(readArchive(inChunks(archive), { limits: { unpackedBytes: 1_800 } })).resolves.toMatchObject({
      unpackedBytes: 1_800,
    })
  })

  it('refuses an index that would not fit into memory', async () => {
    const archive = tar(...Array.from({ length: 50 }, (_, at) => file(`${'p'.repeat(80)}${at}`, '${NAME} ${OTHER}')))
    await expect(readArchive(inChunks(archive), { limits: { indexBytes: 4_000 } })).rejects.toMatchObject({
      code: 'TOO_BIG',
    })
  })

  it('reads no more of a bomb than it must', async () => {
    let given = 0
    function* zeros() {
      yield tarEntry({ path: 'zeros', size: 4 * 1024 ** 3 }).subarray(0, 512)
      for (; given < 4 * 1024; given += 1) yield Buffer.alloc(MIB)
    }
    const bomb = Readable.from(zeros(), { objectMode: false }).pipe(createGzip({ level: 1 }))
    await expect(readArchive(bomb)).rejects.toMatchObject({ code: 'TOO_BIG' })
    expect(given).toBeLessThan(200)
    expect(bomb.destroyed).toBe(true)
  })
})

function withPrefix(prefix: string, name: string): Buffer {
  const entry = tarEntry({ path: name })
  entry.write(prefix, 345)
  entry.fill(' ', 148, 156)
  const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  entry.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return entry
}

function gzipBombOfMembers(): Buffer {
  const head = gzipSync(tarEntry({ path: 'zeros', size: 1024 * MIB }).subarray(0, 512))
  const member = gzipSync(Buffer.alloc(MIB))
  return Buffer.concat([head, ...Array.from({ length: 1_024 }, () => member)])
}

function manyFiles(count: number): Buffer {
  return tar(Buffer.concat(Array.from({ length: count }, (_, at) => file(`f${at}`))))
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const place = at < 0 ? copy.length + at : at
  copy[place] = (copy[place] ?? 0) ^ 0x01
  return copy
}
