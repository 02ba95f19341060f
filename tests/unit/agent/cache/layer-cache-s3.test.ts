import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLayerCache } from '../../../../agent/cache/layer-cache'
import { openLayerFolders } from '../../../../agent/cache/layer-folders'
import type { WantedLayer } from '../../../../agent/cache/fetch-layer'
import { layerKey } from '../../../../server/domain/object-keys'
import { openS3Store } from '../../../../server/store/s3'
import type { S3Store } from '../../../../server/store/s3'
import { file, tar } from '../../../factories/tar'
import { startS3Server } from '../../../support/s3-server'
import type { S3Server } from '../../../support/s3-server'
import { temporaryFolder } from '../../../support/temporary-folder'

const CONTENT = randomBytes(3_000_000)
const ARCHIVE = tar(file('world/region.bin', CONTENT))
const MINUTES = 60_000

let server: S3Server
let store: S3Store
let layer: WantedLayer
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  server = await startS3Server()
  store = openS3Store({ place: server.place, clock: { now: Date.now } })
  const { sha256, sizeBytes } = await store.putStream(Readable.from([ARCHIVE]), async written => ({
    key: layerKey(written.sha256),
  }))
  layer = { template: 'spawn', version: '1', sha256, sizeBytes }
})
afterAll(async () => {
  store.close()
  await server.close()
})
beforeEach(async () => {
  folder = await temporaryFolder()
  server.fault = () => undefined
  server.now = Date.now
  server.requests.length = 0
})
afterEach(() => folder.remove())

/** Addresses as the brain gives them; counts how often one was asked for. */
async function openCache(expiresInMs = 15 * MINUTES) {
  const folders = await openLayerFolders(folder.path)
  let asked = 0
  const cache = await createLayerCache({
    folders,
    owner: null,
    layerUrl: async (_instance, sha256) => {
      asked += 1
      return { url: await store.signedUrl(layerKey(sha256), { expiresInMs }), sizeBytes: layer.sizeBytes }
    },
    inUse: () => new Map(),
    limitBytes: null,
  })
  return {
    folders,
    asked: () => asked,
    fetch: () =>
      cache.hold(layer, 'one', { fresh: false, signal: new AbortController().signal, onBytes: () => undefined }),
  }
}

describe('a node that fetches from a bucket', { timeout: 30_000 }, () => {
  const firstGets = (count: number) => {
    let gets = 0
    return (method: string) => method === 'GET' && (gets += 1) <= count
  }

  it.each([
    ['away for a moment', { status: 503 }],
    ['cutting off', { cutAfter: 1_000_000 }],
    ['slow', { slowMs: 5 }],
  ] as const)('gets the layer whole from a store that is %s', async (_, fault) => {
    const isEarly = firstGets(2)
    server.fault = ({ method }) => (isEarly(method) ? fault : undefined)
    const { fetch, folders } = await openCache()
    const held = await fetch()
    expect(readFileSync(join(held.root, 'world/region.bin')).equals(CONTENT)).toBe(true)
    expect(readdirSync(folders.staging)).toEqual([])
  })

  it('asks for a fresh address when the one it has expired, and goes on where it was', async () => {
    let gets = 0
    server.fault = ({ method }) => (method === 'GET' && (gets += 1) === 1 ? { cutAfter: 1_000_000 } : undefined)
    const begun = Date.now()
    // By the time the connection breaks, the first address is a quarter of an hour old.
    server.now = () => (server.requests.length === 2 ? begun + 16 * MINUTES : Date.now())
    const { fetch, asked } = await openCache()
    const held = await fetch()
    expect(readFileSync(join(held.root, 'world/region.bin')).equals(CONTENT)).toBe(true)
    expect(asked()).toBe(3)
  })

  it('never keeps other bytes than were published', async () => {
    server.fault = ({ method }) => (method === 'GET' ? 'other-bytes' : undefined)
    const { fetch, folders } = await openCache()
    await expect(fetch()).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' })
    expect([readdirSync(folders.layers), readdirSync(folders.staging)]).toEqual([[], []])
    server.fault = () => undefined
    await fetch()
    expect(readdirSync(folders.layers)).toHaveLength(1)
  })
})
