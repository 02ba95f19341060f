import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDiskSink } from '../../../../core/archive/disk-sink'
import { readArchive } from '../../../../core/archive/read-archive'
import { directory, file, hardLink, symlink, tar, tarEntry, tarGz } from '../../../factories/tar'
import { inChunks, makePlayground } from '../../../support/archive-playground'
import { readTree } from '../../../support/read-tree'

const isRoot = process.getuid?.() === 0
const OWNER = isRoot ? { uid: 1000, gid: 1001 } : undefined
const ID = OWNER ? '1000:1001' : `${process.getuid?.()}:${process.getgid?.()}`

describe('createDiskSink', () => {
  let playground: ReturnType<typeof makePlayground>
  let root: string
  beforeEach(() => {
    playground = makePlayground()
    root = join(playground.staging, 'root')
  })
  afterEach(() => playground.remove())

  const unpack = (bytes: Buffer) => readArchive(inChunks(bytes, 700), { sink: createDiskSink(root, OWNER) })

  it('writes what the index says: owner, 0644 or 0755, whatever the archive and the umask', async () => {
    const umask = process.umask(0o077)
    try {
      await unpack(
        tar(
          directory('locked', 0o000),
          file('locked/file', 'text', 0o000),
          tarEntry({ path: 'suid', content: 'run', mode: 0o6711, uid: 0 }),
          file('long', 'x'.repeat(5_000), 0o666),
          hardLink('copy', 'suid'),
          symlink('link', 'locked/file'),
          file('a/b/c', ''),
          file('strata.yaml', 'type: map'),
        ),
      )
    } finally {
      process.umask(umask)
    }
    expect(readTree(root)).toEqual({
      'a/': `${ID} 755`,
      'a/b/': `${ID} 755`,
      'a/b/c': `${ID} 644 `,
      copy: `${ID} 755 run`,
      link: '-> locked/file',
      'locked/': `${ID} 755`,
      'locked/file': `${ID} 644 text`,
      long: `${ID} 644 ${'x'.repeat(5_000)}`,
      suid: `${ID} 755 run`,
    })
    expect(statSync(root).mode & 0o7777).toBe(0o755)
    rmSync(root, { recursive: true })
  })

  it('ends with the last entry of every path', async () => {
    await unpack(
      tar(
        file('twice', 'first and longer'),
        file('twice', 'second'),
        file('dir/a/b', 'gone'),
        file('dir', 'now a file'),
        file('file', 'gone'),
        file('file/in', 'now a folder'),
        symlink('link', 'target'),
        directory('target'),
        directory('link'),
        file('link/real', 'not in target'),
        symlink('again', 'a'),
        symlink('again', 'b'),
      ),
    )
    expect(
      Object.entries(readTree(root)).map(([path, what]) => [
        path,
        what
          .split(' ')
          .slice(what.startsWith('->') ? 1 : 2)
          .join(' '),
      ]),
    ).toEqual([
      ['again', 'b'],
      ['dir', 'now a file'],
      ['file/', ''],
      ['file/in', 'now a folder'],
      ['link/', ''],
      ['link/real', 'not in target'],
      ['target/', ''],
      ['twice', 'second'],
    ])
  })

  it('gives the same tree as tar for an archive that tar packed', async () => {
    const source = join(playground.folder, 'source')
    mkdirSync(join(source, 'deep', 'n'.repeat(120), 'n'.repeat(120)), { recursive: true })
    writeFileSync(join(source, 'deep', 'n'.repeat(120), 'n'.repeat(120), 'ü'.repeat(60)), 'long name')
    writeFileSync(join(source, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(source, 'big'), Buffer.alloc(300_000, 'abc'))
    symlinkSync('big', join(source, 'link'))
    for (const format of ['gnu', 'pax', 'ustar']) {
      const archive = join(playground.folder, `${format}.tar.gz`)
      const exclude = format === 'ustar' ? ['--exclude=deep'] : []
      execFileSync('tar', ['-czf', archive, `--format=${format}`, ...exclude, '-C', source, '.'])
      const byTar = join(playground.folder, `by-tar-${format}`)
      mkdirSync(byTar)
      execFileSync('tar', ['-xf', archive, '-C', byTar])
      rmSync(root, { recursive: true, force: true })
      await readArchive(inChunks(readFileSync(archive)), { sink: createDiskSink(root) })
      expect(readTree(root)).toEqual(readTree(byTar))
    }
  })

  it('leaves what is half done inside its root, and no open file', async () => {
    const before = readTree(playground.canary)
    const whole = tar(file('a', 'x'), file('b/c', Buffer.alloc(100_000, 'abc')))
    const descriptors = () => readdirSync('/proc/self/fd').length
    const open = descriptors()
    for (const length of [700, 60_000]) {
      rmSync(root, { recursive: true, force: true })
      await expect(unpack(whole.subarray(0, length))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    }
    expect(existsSync(root)).toBe(true)
    expect(readdirSync(playground.staging)).toEqual(['root'])
    expect(readTree(playground.canary)).toEqual(before)
    expect(descriptors()).toBe(open)
  })

  it('never writes over or through something that was put in its way', async () => {
    const sink = createDiskSink(root, OWNER)
    symlinkSync(join(playground.canary, 'world'), join(root, 'file'))
    symlinkSync(playground.canary, join(root, 'folder'))
    const before = readTree(playground.canary)
    expect(() => sink.file('file', { sizeBytes: 1, mode: 0o644 })).toThrow(/EEXIST|ELOOP/)
    expect(() => sink.directory('folder')).toThrow(/EEXIST/)
    expect(() => sink.symlink('file', 'x')).toThrow(/EEXIST/)
    sink.remove('folder')
    expect(readTree(playground.canary)).toEqual(before)
  })

  it('lets errors of the disk through', async () => {
    const sink = createDiskSink(root)
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    const failing = {
      ...sink,
      file: (...input: Parameters<typeof sink.file>) => ({
        ...sink.file(...input),
        write: () => {
          throw full
        },
      }),
    }
    await expect(readArchive(inChunks(tarGz(file('a', 'text'))), { sink: failing })).rejects.toBe(full)
  })
})
