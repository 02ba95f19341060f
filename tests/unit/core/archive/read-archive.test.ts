import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readArchive } from '../../../../core/archive/read-archive'
import {
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
  tarZst,
} from '../../../factories/tar'
import { inChunks } from '../../../support/archive-playground'

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
const read = (bytes: Buffer) => readArchive(inChunks(bytes))
const paths = async (bytes: Buffer) => (await read(bytes)).entries.map(entry => entry.path)
const SAMPLE = [
  directory('./'),
  directory('./conf'),
  file('./conf/a.yml', 'motd: ${MOTD}\n'),
  file('run.sh', '#!/bin/sh\n', 0o4750),
  symlink('current', 'conf'),
]

describe('readArchive', () => {
  it('makes the index: sorted, clean paths, modes, hashes, placeholders', async () => {
    const archive = tar(...SAMPLE)
    expect(await read(archive)).toEqual({
      sha256: sha256(archive),
      sizeBytes: archive.length,
      unpackedBytes: 24,
      duplicates: 0,
      manifest: {},
      entries: [
        { type: 'dir', path: 'conf' },
        {
          type: 'file',
          path: 'conf/a.yml',
          sizeBytes: 14,
          mode: 0o644,
          sha256: sha256('motd: ${MOTD}\n'),
          placeholders: ['MOTD'],
        },
        { type: 'symlink', path: 'current', target: 'conf' },
        { type: 'file', path: 'run.sh', sizeBytes: 10, mode: 0o755, sha256: sha256('#!/bin/sh\n') },
      ],
    })
  })

  it.each([
    ['gzip', tarGz(...SAMPLE)],
    ['zstd', tarZst(...SAMPLE)],
    ['gzip of two members', twoMembers(gzipSync)],
    ['zstd of two frames', twoMembers(zstdCompressSync)],
    ['zstd with a skippable frame in front', Buffer.concat([skippable(100), tarZst(...SAMPLE)])],
    ['zstd with a skippable frame behind', Buffer.concat([tarZst(...SAMPLE), skippable(0)])],
  ])('reads %s, in chunks of any size', async (_, bytes) => {
    const { entries } = await read(tar(...SAMPLE))
    for (const size of [1, 7, 512, 64 * 1024]) {
      const index = await readArchive(inChunks(bytes, size))
      expect(index.entries).toEqual(entries)
      expect(index).toMatchObject({ sha256: sha256(bytes), sizeBytes: bytes.length })
    }
  })

  it('reads plain tar in chunks of any size', async () => {
    const bytes = tar(...SAMPLE, file('big', Buffer.alloc(3_000, 'x')))
    const whole = await read(bytes)
    for (const size of [1, 511, 512, 513, 5_000]) expect(await readArchive(inChunks(bytes, size))).toEqual(whole)
  })

  it('accepts padding to a whole record, as tar writes it', async () => {
    expect(await paths(Buffer.concat([tar(file('a')), Buffer.alloc(8 * 512)]))).toEqual(['a'])
  })

  it('reads ustar, GNU and v7 headers and both kinds of checksum', async () => {
    const archive = tar(
      tarEntry({ path: 'gnu', magic: 'gnu' }),
      tarEntry({ path: 'old', magic: 'v7', type: '\0' }),
      tarEntry({ path: 'old-folder/', magic: 'v7', type: '\0' }),
      tarEntry({ path: 'signed-ü', checksum: 'signed' }),
    )
    expect(await paths(archive)).toEqual(['gnu', 'old', 'old-folder', 'signed-ü'])
  })

  it('reads long names of PAX and GNU, and passes over other PAX records', async () => {
    const name = `${'long/'.repeat(30)}name-ü`
    const archive = tar(
      paxHeader({ comment: 'a commit' }, { type: 'g' }),
      paxHeader({ path: name, mtime: '1.5', size: '3' }),
      tarEntry({ path: 'cut', content: 'abc', size: 3 }),
      gnuLongPath(`${name}-gnu`),
      file('cut'),
      gnuLongPath('link'),
      gnuLongLink(name),
      symlink('cut', 'cut'),
    )
    const { entries } = await read(archive)
    expect(entries.filter(entry => entry.type !== 'dir')).toMatchObject([
      { path: 'link', target: name },
      { path: name, sizeBytes: 3 },
      { path: `${name}-gnu` },
    ])
  })

  it('lets PAX take an earlier value back with an empty one', async () => {
    expect(await paths(tar(paxHeader({ path: '' }), file('kept')))).toEqual(['kept'])
  })

  it('adds parents that nobody wrote', async () => {
    expect((await read(tar(file('a/b/c')))).entries).toMatchObject([
      { type: 'dir', path: 'a' },
      { type: 'dir', path: 'a/b' },
      { type: 'file', path: 'a/b/c' },
    ])
  })

  it('keeps the last entry of a path and tells how many were replaced', async () => {
    const archive = tar(
      file('twice', 'first'),
      file('twice', 'second'),
      directory('dir'),
      directory('dir'),
      file('becomes-folder'),
      file('becomes-folder/in'),
      file('becomes-file/in'),
      file('becomes-file', 'now'),
      symlink('becomes-real', 'dir'),
      directory('becomes-real'),
      file('becomes-real/in'),
    )
    const index = await read(archive)
    expect(index.duplicates).toBe(5)
    expect(index.unpackedBytes).toBe('second'.length + 'now'.length)
    expect(index.entries.map(entry => `${entry.type} ${entry.path}`)).toEqual([
      'file becomes-file',
      'dir becomes-folder',
      'file becomes-folder/in',
      'dir becomes-real',
      'file becomes-real/in',
      'dir dir',
      'file twice',
    ])
    expect(index.entries.at(-1)).toMatchObject({ sha256: sha256('second') })
  })

  it('makes a copy of a hard link to an earlier file', async () => {
    const index = await read(tar(file('a', 'text ${NAME}', 0o755), hardLink('./b', './a'), hardLink('a', 'a')))
    expect(index.entries).toMatchObject([
      { path: 'a' },
      { path: 'b', mode: 0o755, sha256: sha256('text ${NAME}'), placeholders: ['NAME'] },
    ])
    expect(index).toMatchObject({ unpackedBytes: 24, duplicates: 1 })
  })

  it('keeps links that stay inside, whole or dangling or in a circle', async () => {
    const links = [
      symlink('a/up', '..'),
      symlink('a/side', '../b/./c'),
      symlink('x', 'y'),
      symlink('y', 'x'),
      symlink('root', '.'),
      symlink('later', 'a/up/a/up'),
    ]
    expect((await read(tar(...links))).entries.filter(entry => entry.type === 'symlink')).toHaveLength(6)
  })

  it('reads chains of links in time that does not grow with their length', { timeout: 20_000 }, async () => {
    const count = 50_000
    const chain = Array.from({ length: count }, (_, at) => symlink(`l${at}`, `l${at + 1}/./l${at + 1}`))
    const index = await read(tar(Buffer.concat(chain)))
    expect(index.entries).toHaveLength(count)
  })

  it('looks for placeholders in text only, and only up to 4 MiB', async () => {
    const limit = 4 * 1024 ** 2
    const index = await read(
      tar(
        file('binary', Buffer.from('${NAME}\0')),
        file('late-nul', Buffer.concat([Buffer.from('${NAME}'), Buffer.alloc(100_000, 'x'), Buffer.alloc(1)])),
        file('large', `\${NAME}${'x'.repeat(limit - 6)}`),
        file('full', `${'x'.repeat(limit - 7)}\${NAME}`),
        file('latin', Buffer.from([0xff, ...Buffer.from('${NAME}')])),
      ),
    )
    const found = index.entries.filter(entry => entry.type === 'file' && entry.placeholders).map(entry => entry.path)
    expect(found).toEqual(['full', 'latin'])
  })

  it('takes the metadata out', async () => {
    const index = await read(
      tar(file('strata.yaml', 'type: map'), file('./strata.yaml', 'type: custom'), file('sub/strata.yaml', 'x')),
    )
    expect(index).toMatchObject({ manifest: { type: 'custom' }, duplicates: 1, unpackedBytes: 1 })
    expect(index.entries.map(entry => entry.path)).toEqual(['sub', 'sub/strata.yaml'])
  })

  it('lets errors of the source through and leaves it closed', async () => {
    const lost = new Error('connection lost')
    const source = Readable.from(
      (function* () {
        yield tarGz(...SAMPLE).subarray(0, 60)
        throw lost
      })(),
    )
    await expect(readArchive(source)).rejects.toBe(lost)
    expect(source.destroyed).toBe(true)
  })

  it('closes a source that is nothing it can read', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.from('PK\x03\x04 and so on')
      })(),
    )
    await expect(readArchive(endless)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    expect(endless.destroyed).toBe(true)
  })

  it('ends when it is aborted, although the source says nothing', async () => {
    const silent = new PassThrough()
    silent.write(tarGz(...SAMPLE).subarray(0, 30))
    const abort = new AbortController()
    const reading = readArchive(silent, { signal: abort.signal })
    abort.abort()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(silent.destroyed).toBe(true)
  })
})

/** The archive compressed in two parts, cut in the middle of an entry. */
function twoMembers(compress: (bytes: Buffer) => Buffer): Buffer {
  const bytes = tar(...SAMPLE)
  return Buffer.concat([compress(bytes.subarray(0, 700)), compress(bytes.subarray(700))])
}

function skippable(size: number): Buffer {
  const frame = Buffer.alloc(8 + size, 0x2a)
  frame.writeUInt32LE(0x184d2a53, 0)
  frame.writeUInt32LE(size, 4)
  return frame
}
