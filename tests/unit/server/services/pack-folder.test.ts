import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { readArchive } from '../../../../core/archive/read-archive'
import { packFolder } from '../../../../server/services/pack-folder'
import { temporaryFolder } from '../../../support/temporary-folder'

it('packs the same files into the same bytes, whenever and in whatever order they were written', async () => {
  const packed: Buffer[] = []
  for (const names of [
    ['b.txt', 'sub/a', 'run'],
    ['run', 'sub/a', 'b.txt'],
  ]) {
    const folder = await temporaryFolder()
    await mkdir(join(folder.path, 'sub'))
    for (const name of names) await writeFile(join(folder.path, name), name)
    await chmod(join(folder.path, 'run'), 0o700)
    await utimes(join(folder.path, 'b.txt'), packed.length, packed.length)
    packed.push(await buffer(packFolder(folder.path)))
    await folder.remove()
  }
  expect(packed[0]?.equals(packed[1]!)).toBe(true)
  const { entries } = await readArchive(Readable.from([packed[0]]))
  expect(entries).toMatchObject([
    { path: 'b.txt', mode: 0o644, sizeBytes: 5 },
    { path: 'run', mode: 0o755 },
    { path: 'sub', type: 'dir' },
    { path: 'sub/a', mode: 0o644 },
  ])
})

it('fails when the folder is not there', async () => {
  await expect(buffer(packFolder('/nowhere/at/all'))).rejects.toMatchObject({ code: 'ENOENT' })
})
