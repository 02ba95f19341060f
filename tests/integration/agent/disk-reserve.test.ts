import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createDiskReserve } from '../../../agent/disk-reserve'
import { isFullDisk } from '../../../agent/disk-error'
import { writeFileAtomically } from '../../../agent/write-file'

const MIB = 1024 ** 2
let disk: string
beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), 'strata-small-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk])
})
afterEach(async () => {
  execFileSync('umount', ['-l', disk])
  await rm(disk, { recursive: true })
})

/** Until not one byte more fits. */
async function fill(name: string): Promise<void> {
  for (const [part, size] of [MIB, 4_096, 1].entries())
    for (let index = 0; ; index++) {
      const full = await writeFile(join(disk, `${name}-${part}-${index}`), Buffer.alloc(size, 1)).then(
        () => false,
        isFullDisk,
      )
      if (full) break
    }
}
const record = () => join(disk, 'record.json')
const write = (text: string) => () => writeFileAtomically(record(), text)

it('writes what must be written on a disk that a server filled, and keeps room again when there is plenty', async () => {
  const reserve = createDiskReserve(disk)
  await reserve.write(write('running'))
  expect((await stat(join(disk, 'disk-reserve'))).blocks * 512).toBe(4 * MIB)

  await fill('junk')
  await expect(write('stopped')()).rejects.toMatchObject({ code: 'ENOSPC' })
  await reserve.write(write('stopped'))
  expect(await readFile(record(), 'utf8')).toBe('stopped')
  // What was given back is for whoever needs it.
  await reserve.write(write('destroyed'))
  await expect(stat(join(disk, 'disk-reserve'))).rejects.toMatchObject({ code: 'ENOENT' })

  execFileSync('sh', ['-c', 'rm -f "$1"/junk-*', 'sh', disk])
  await reserve.write(write('running'))
  expect((await stat(join(disk, 'disk-reserve'))).size).toBe(4 * MIB)
})

it('is kept on a disk with little room as well, where it is needed soonest', async () => {
  await writeFile(join(disk, 'world'), Buffer.alloc(80 * MIB, 1))
  const reserve = createDiskReserve(disk)
  await reserve.write(write('running'))
  await fill('junk')
  await reserve.write(write('stopped'))
  expect(await readFile(record(), 'utf8')).toBe('stopped')
})

it('gives up when there is no room and no reserve left', async () => {
  const reserve = createDiskReserve(disk)
  await fill('junk')
  await expect(reserve.write(write('stopped'))).rejects.toMatchObject({ code: 'ENOSPC' })
})

it('finds the reserve that an earlier agent kept', async () => {
  await createDiskReserve(disk).write(write('running'))
  await fill('junk')
  await createDiskReserve(disk).write(write('stopped'))
  expect(await readFile(record(), 'utf8')).toBe('stopped')
})
