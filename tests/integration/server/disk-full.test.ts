import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../server/ports'
import { openDiskStore } from '../../../server/store/disk'
import { temporaryFolder } from '../../support/temporary-folder'

const run = promisify(execFile)
const MIB = 1024 ** 2

describe('a disk of 4 MiB', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let mount: string
  let store: ObjectStore

  beforeEach(async () => {
    folder = await temporaryFolder()
    mount = join(folder.path, 'small-disk')
    await mkdir(mount)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount])
    store = openDiskStore({ root: join(mount, 'objects'), urlSecret: randomBytes(32), clock: { now: () => 0 } })
  })
  afterEach(async () => {
    await run('umount', [mount])
    await folder.remove()
  })

  const put = (key: string, bytes: Buffer) =>
    store.putStream(Readable.from(slices(bytes)), () => Promise.resolve({ key }))

  it('refuses what does not fit with DISK_FULL, gives the space back, and takes what fits', async () => {
    const kept = randomBytes(MIB)
    await put('layers/aa/kept', kept)
    const freeBefore = (await statfs(mount)).bavail

    await expect(put('layers/aa/large', randomBytes(8 * MIB))).rejects.toMatchObject({ code: 'DISK_FULL' })

    expect(await readdir(join(mount, 'objects', '.staging'))).toEqual([])
    expect(await store.stat('layers/aa/large')).toBeUndefined()
    expect((await statfs(mount)).bavail).toBe(freeBefore)
    expect((await buffer(await store.get('layers/aa/kept'))).equals(kept)).toBe(true)
    await put('layers/aa/after', randomBytes(2 * MIB))
    expect(await store.stat('layers/aa/after')).toEqual({ sizeBytes: 2 * MIB })
  })
})

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024)
}
