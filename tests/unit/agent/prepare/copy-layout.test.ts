import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { layOutCopy } from '../../../../agent/prepare/copy-layout'
import type { LaidEntry } from '../../../../agent/prepare/laid-entry'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'copy-layout-'))
  mkdirSync(join(base, 'staging'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const file = (path: string, text: string, mode = 0o644): LaidEntry => ({
  type: 'file',
  path,
  mode,
  key: createHash('sha256').update(text).digest('hex'),
  source: Buffer.from(text),
})
const dir = (path: string): LaidEntry => ({ type: 'dir', path })
const link = (path: string, target: string): LaidEntry => ({ type: 'symlink', path, target })
const layOut = (...entries: LaidEntry[]) =>
  layOutCopy(entries, {
    root: join(base, 'files'),
    baselineFile: join(base, 'baseline.json'),
    staging: join(base, 'staging'),
    owner: null,
  })
const at = (path: string) => join(base, 'files', path)
const read = (path: string) => readFileSync(at(path), 'utf8')

/** A server writing: content and a time of change that surely differs. */
function serverWrites(path: string, text: string) {
  writeFileSync(at(path), text)
}

describe('copy layout', () => {
  it('puts files, folders and links there with their modes', async () => {
    await layOut(dir('bin'), file('bin/run.sh', 'go', 0o755), link('latest', 'bin/run.sh'))
    expect(read('latest')).toBe('go')
    expect(statSync(at('bin/run.sh')).mode & 0o777).toBe(0o755)
  })

  it('follows the layers where the server changed nothing, and takes away what they no longer have', async () => {
    await layOut(dir('mods'), file('mods/a.jar', 'a1'), file('mods/b.jar', 'b1'), dir('old'), file('old/x', 'x'))
    await layOut(dir('mods'), file('mods/a.jar', 'a2'))
    expect(read('mods/a.jar')).toBe('a2')
    expect(readdirSync(at('mods'))).toEqual(['a.jar'])
    expect(existsSync(at('old'))).toBe(false)
  })

  it('does not write a file again that is right already', async () => {
    await layOut(file('a', '1'))
    const before = statSync(at('a'), { bigint: true })
    await layOut(file('a', '1'), file('b', '2'))
    expect(statSync(at('a'), { bigint: true }).ino).toBe(before.ino)
  })

  it('keeps what the server changed, through every later generation', async () => {
    await layOut(file('server.json', 'layer 1'))
    serverWrites('server.json', 'the server wrote this')
    await layOut(file('server.json', 'layer 2'))
    await layOut(file('server.json', 'layer 3'))
    await layOut()
    expect(read('server.json')).toBe('the server wrote this')
  })

  it('keeps a deletion by the server, also after the layers dropped the path and brought it back', async () => {
    await layOut(file('tip.txt', '1'))
    unlinkSync(at('tip.txt'))
    await layOut(file('tip.txt', '2'))
    await layOut()
    await layOut(file('tip.txt', '3'))
    expect(existsSync(at('tip.txt'))).toBe(false)
  })

  it('gives a path back to the layers when the server deleted what only it had', async () => {
    await layOut()
    serverWrites('motd', 'own')
    await layOut(file('motd', 'layer'))
    expect(read('motd')).toBe('own')
    await layOut()
    unlinkSync(at('motd'))
    await layOut(file('motd', 'layer'))
    expect(read('motd')).toBe('layer')
  })

  it('keeps own files below a folder that the layers dropped or turned into a file', async () => {
    await layOut(dir('world'), file('world/level', 'layer'))
    serverWrites('world/player', 'own')
    await layOut(file('world', 'now a file'))
    expect(readdirSync(at('world'))).toEqual(['player'])
    await layOut()
    expect(read('world/player')).toBe('own')
  })

  it('writes nothing through a link that the server put in place of a folder', async () => {
    const outside = join(base, 'outside')
    mkdirSync(outside)
    await layOut(dir('world'), file('world/level', '1'))
    rmSync(at('world'), { recursive: true })
    symlinkSync(outside, at('world'))
    await layOut(dir('world'), file('world/level', '2'), file('world/new', '2'))
    expect(readdirSync(outside)).toEqual([])
  })

  it('changes types between layers', async () => {
    await layOut(file('a', 'file'), dir('b'), file('b/c', 'c'), link('l', 'a'))
    await layOut(dir('a'), file('a/x', 'x'), file('b', 'file'), dir('l'))
    expect([read('a/x'), read('b'), statSync(at('l')).isDirectory()]).toEqual(['x', 'file', true])
  })

  it('takes paths named like parts of an object for what they are', async () => {
    await layOut(file('__proto__', '1'), file('constructor', '2'))
    await layOut(file('__proto__', '3'), file('constructor', '2'), file('toString', '4'))
    expect([read('__proto__'), read('constructor'), read('toString')]).toEqual(['3', '2', '4'])
  })

  it('loses no own file and ends right when it was cut off in the middle', async () => {
    await layOut(dir('d'), file('d/a', 'a1'), file('d/b', 'b1'), file('keep', 'layer'))
    serverWrites('keep', 'own')
    serverWrites('d/new', 'own new')
    const next: LaidEntry[] = [
      dir('d'),
      file('d/a', 'a2'),
      file('d/b', 'b2'),
      file('d/new', 'layer'),
      file('d/z', 'z2'),
      file('keep', 'layer 2'),
    ]
    // The source of the last file is missing: the change breaks off there, as a kill would.
    await expect(
      layOut(
        ...next.slice(0, 4),
        { type: 'file', path: 'd/z', mode: 0o644, key: 'z', source: join(base, 'missing') },
        next[5]!,
      ),
    ).rejects.toThrow('ENOENT')
    rmSync(join(base, 'staging', 'entry'), { force: true })
    expect(read('d/a')).toBe('a2')
    await layOut(...next)
    expect([read('d/a'), read('d/b'), read('d/z'), read('d/new'), read('keep')]).toEqual([
      'a2',
      'b2',
      'z2',
      'own new',
      'own',
    ])
    await layOut(dir('d'), file('d/a', 'a3'))
    expect(readdirSync(at('d')).sort()).toEqual(['a', 'new'])
  })
})
