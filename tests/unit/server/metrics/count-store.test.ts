import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createBrainMetrics } from '../../../../server/metrics/brain-metrics'
import { countStore } from '../../../../server/metrics/count-store'
import { openDiskStore } from '../../../../server/store/disk'
import type { ObjectStore } from '../../../../server/ports'
import { describeObjectStore } from '../../../contracts/object-store'
import { serveObjects } from '../../../support/object-server'
import { temporaryFolder } from '../../../support/temporary-folder'

const NOW = 1_800_000_000_000

describeObjectStore('disk, counted', async () => {
  const folder = await temporaryFolder()
  const urlSecret = randomBytes(32)
  const counted = countStore(
    openDiskStore({ root: folder.path, urlSecret, clock: { now: () => NOW } }),
    createBrainMetrics('1'),
  )
  let at = NOW
  const server = await serveObjects(counted, urlSecret, () => at)
  return {
    store: counted,
    now: NOW,
    fetchSigned(url, options) {
      at = options.at
      return fetch(new URL(url, server.origin), { method: options.method ?? 'GET' })
    },
    leftovers: () => readdir(join(folder.path, '.staging')),
    async close() {
      await server.close()
      await folder.remove()
    },
  }
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let store: ObjectStore
const metrics = createBrainMetrics('1')
beforeEach(async () => {
  folder = await temporaryFolder()
  store = countStore(
    openDiskStore({ root: folder.path, urlSecret: randomBytes(32), clock: { now: () => NOW } }),
    metrics,
  )
})
afterEach(() => folder.remove())

it('counts requests by how they ended, and the bytes that really went through', async () => {
  await store.putStream(Readable.from([Buffer.from('hello world')]), () => Promise.resolve({ key: 'blobs/a' }))
  expect(await text(await store.get('blobs/a', { start: 0, end: 4 }))).toBe('hello')
  await expect(store.get('blobs/missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const broken = new Readable({ read: () => broken.destroy(new Error('cut')) })
  await expect(store.putStream(broken, () => Promise.resolve({ key: 'blobs/b' }))).rejects.toThrow()
  for await (const found of store.list('')) expect(found.key).toBe('blobs/a')
  const said = await metrics.registry.metrics()
  expect(said).toContain('strata_store_requests_total{driver="disk",operation="get",outcome="done"} 1')
  expect(said).toContain('strata_store_requests_total{driver="disk",operation="get",outcome="failed"} 1')
  expect(said).toContain('strata_store_requests_total{driver="disk",operation="put",outcome="failed"} 1')
  expect(said).toContain('strata_store_requests_total{driver="disk",operation="list",outcome="done"} 1')
  expect(said).toContain('strata_store_read_bytes_total{driver="disk"} 5')
  expect(said).toContain('strata_store_written_bytes_total{driver="disk"} 11')
})
