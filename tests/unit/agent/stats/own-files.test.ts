import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { statOf } from '../../../../agent/prepare/copy-baseline'
import type { BaselineEntry } from '../../../../agent/prepare/copy-baseline'
import { OwnFilesCounter } from '../../../../agent/stats/own-files'
import { temporaryFolder } from '../../../support/temporary-folder'

vi.mock('node:fs/promises', { spy: true })

const never = new AbortController().signal
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let root: string
beforeEach(async () => {
  folder = await temporaryFolder()
  root = join(folder.path, 'upper')
  mkdirSync(root)
  vi.mocked(readdir).mockClear()
})
afterEach(() => folder.remove())

const settle = (path: string) => utimesSync(path, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))
const onDisk = () => Number(execFileSync('du', ['-s', '--block-size=1', root], { encoding: 'utf8' }).split('\t')[0])
const folderRoom = (path: string): number =>
  Number(statOf(path)!.blocks) * 512 +
  readdirSync(path, { withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isDirectory() ? folderRoom(join(path, entry.name)) : 0),
    0,
  )

function put(path: string): [string, BaselineEntry] {
  const { size, mtimeNs, mode } = statOf(join(root, path))!
  return [
    path,
    { type: 'file', key: 'k', sizeBytes: Number(size), mtimeNs: String(mtimeNs), mode: Number(mode & 0o7777n) },
  ]
}

it('counts room on the disk as du does, without folders, sparse files as what they take', async () => {
  mkdirSync(join(root, 'world/region'), { recursive: true })
  writeFileSync(join(root, 'world/level.dat'), 'x'.repeat(50_000))
  writeFileSync(join(root, 'world/region/r.0.0'), 'x'.repeat(9_000))
  execFileSync('truncate', ['-s', '1G', join(root, 'world/sparse')])
  symlinkSync('/etc', join(root, 'world/link'))
  const counted = await new OwnFilesCounter({ root, laid: new Map() }).count(never)
  expect(counted.files).toBe(4)
  expect(counted.bytes).toBe(onDisk() - folderRoom(root))
  expect(counted.bytes).toBeLessThan(200_000)
})

it('sees a file that grows, one that is made and one that goes, and lists only what changed', async () => {
  mkdirSync(join(root, 'a'))
  mkdirSync(join(root, 'b'))
  writeFileSync(join(root, 'a/one'), 'x')
  writeFileSync(join(root, 'b/two'), 'x')
  for (const path of [root, join(root, 'a'), join(root, 'b')]) settle(path)
  const counter = new OwnFilesCounter({ root, laid: new Map() })
  const first = await counter.count(never)
  expect(first.files).toBe(2)
  expect(readdir).toHaveBeenCalledTimes(3)

  appendFileSync(join(root, 'a/one'), 'x'.repeat(100_000))
  const grown = await counter.count(never)
  expect(grown.bytes).toBeGreaterThanOrEqual(first.bytes + 96_000)
  expect(readdir).toHaveBeenCalledTimes(3)

  writeFileSync(join(root, 'b/three'), 'x')
  expect((await counter.count(never)).files).toBe(3)
  expect(readdir).toHaveBeenCalledTimes(4)
  rmSync(join(root, 'b/two'))
  renameSync(join(root, 'a/one'), join(root, 'b/one'))
  expect((await counter.count(never)).files).toBe(2)
})

it('does not trust a listing of a folder that was changed a moment before', async () => {
  const counter = new OwnFilesCounter({ root, laid: new Map() })
  for (let made = 1; made <= 50; made++) {
    writeFileSync(join(root, `file-${made}`), 'x')
    expect((await counter.count(never)).files).toBe(made)
  }
})

it('leaves out the files of layers until the server changes them', async () => {
  mkdirSync(join(root, 'mods'))
  writeFileSync(join(root, 'mods/a.jar'), 'x'.repeat(30_000))
  writeFileSync(join(root, 'mods/b.jar'), 'x'.repeat(30_000))
  const laid = new Map<string, BaselineEntry>([['mods', { type: 'dir' }], put('mods/a.jar'), put('mods/b.jar')])
  writeFileSync(join(root, 'mods/own.txt'), 'x')
  const counter = new OwnFilesCounter({ root, laid })
  expect((await counter.count(never)).files).toBe(1)
  writeFileSync(join(root, 'mods/a.jar'), 'y'.repeat(40_000))
  expect(await counter.count(never)).toMatchObject({ files: 2 })
})

it('finds nothing where nothing was laid out', async () => {
  const counter = new OwnFilesCounter({ root: join(root, 'missing'), laid: new Map() })
  expect(await counter.count(never)).toEqual({ bytes: 0, files: 0 })
})
