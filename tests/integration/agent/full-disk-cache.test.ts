import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPreparer } from '../../../agent/prepare/create-preparer'
import type { LayerCache, Preparer, PrepareOptions } from '../../../agent/prepare/port'
import { instanceSpec } from '../../factories/instance-spec'
import { file, tar } from '../../factories/tar'
import { openLayerStore } from '../../support/layer-store'

const MIB = 1024 ** 2
const OPTIONS: PrepareOptions = {
  layout: 'overlay',
  devMode: false,
  onProgress() {},
  signal: new AbortController().signal,
}

describe('a disk that layers filled', () => {
  let disk: string
  let preparer: Preparer
  let cache: LayerCache
  let store: Awaited<ReturnType<typeof openLayerStore>>
  beforeEach(async () => {
    disk = mkdtempSync(join(tmpdir(), 'strata-cache-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk])
    store = await openLayerStore()
    const { layerUrl } = store
    ;({ preparer, cache } = await createPreparer({
      dataDir: disk,
      owner: { uid: 1000, gid: 1000 },
      cacheLimitBytes: null,
      layerUrl,
      warn() {},
    }))
  })
  afterEach(() => {
    store.close()
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true })
  })

  const layer = (name: string, mib: number) => store.layer(tar(file('world.bin', randomBytes(mib * MIB))), name)
  const cached = async () => (await cache.list()).map(({ template }) => template).sort()

  it('loses what no server uses to a server that needs the room', async () => {
    const [old, used, wanted] = [layer('old', 5), layer('used', 1), layer('wanted', 11)]
    await preparer.prepare(instanceSpec({ id: 'first', layers: [old] }), 1, OPTIONS)
    await preparer.release('first')
    await preparer.prepare(instanceSpec({ id: 'second', layers: [used] }), 1, OPTIONS)
    await preparer.prepare(instanceSpec({ id: 'third', layers: [used, wanted] }), 1, OPTIONS)
    expect(await cached()).toEqual(['used', 'wanted'])
  })

  it('never loses what is in use, and says that it is full', async () => {
    const [used, wanted] = [layer('used', 8), layer('wanted', 11)]
    await preparer.prepare(instanceSpec({ id: 'first', layers: [used] }), 1, OPTIONS)
    await expect(preparer.prepare(instanceSpec({ id: 'second', layers: [wanted] }), 1, OPTIONS)).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(await cached()).toEqual(['used'])
  })

  it('lets the layers of a server go that failed, though not a byte can be written', async () => {
    await preparer.prepare(instanceSpec({ id: 'first', layers: [layer('held', 5)] }), 1, OPTIONS)
    for (const size of [MIB, 4_096, 1])
      for (let at = 0, isFull = false; !isFull; at++) {
        try {
          writeFileSync(join(disk, `junk-${size}-${at}`), Buffer.alloc(size, 1))
        } catch {
          isFull = true
        }
      }
    await preparer.release('first')
    expect(await cache.purge()).toMatchObject({ removedLayers: 1, keptInUse: 0 })
    expect(readdirSync(join(disk, 'layers'))).toEqual([])
  })
})
