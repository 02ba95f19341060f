import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLayerFolders } from '../../../../agent/cache/layer-folders'
import type { LayerFolders } from '../../../../agent/cache/layer-folders'
import { createLayerCache } from '../../../../agent/cache/layer-cache'
import type { WantedLayer } from '../../../../agent/cache/fetch-layer'
import type { LayerCacheOptions } from '../../../../agent/cache/layer-cache'

let base: string
let folders: LayerFolders
let users: Map<string, string[]>
const closers: (() => void)[] = []
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'layer-cache-'))
  folders = await openLayerFolders(base)
  users = new Map()
})
afterEach(() => {
  closers.splice(0).forEach(close => close())
  rmSync(base, { recursive: true, force: true })
})

async function archive(files: Record<string, string>): Promise<Buffer> {
  const tar = pack()
  for (const [name, text] of Object.entries(files)) tar.entry({ name }, text)
  tar.finalize()
  const parts: Buffer[] = []
  for await (const part of tar as AsyncIterable<Buffer>) parts.push(part)
  return gzipSync(Buffer.concat(parts))
}

function wanted(bytes: Buffer, template = 'hello'): WantedLayer {
  return { template, version: '1', sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }
}

/** Serves blobs by their sha256 and counts how often each is fetched. */
async function store(
  blobs: Buffer[],
  answer: (response: ServerResponse, bytes: Buffer) => void = (response, bytes) => response.end(bytes),
) {
  const bySha = new Map(blobs.map(bytes => [wanted(bytes).sha256, bytes]))
  const fetched: string[] = []
  const server = createServer((request, response) => {
    const sha = request.url!.slice(1)
    fetched.push(sha)
    answer(response, bySha.get(sha)!)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { fetched, layerUrl: async (_: string, sha: string) => ({ url: `${origin}/${sha}`, sizeBytes: 0 }) }
}

const open = (layerUrl: LayerCacheOptions['layerUrl'], limitBytes: number | null = null) =>
  createLayerCache({ folders, owner: null, layerUrl, inUse: () => users, limitBytes })
const run = (fresh = false) => ({ fresh, signal: new AbortController().signal, onBytes: () => undefined })
const leftovers = () => readdirSync(folders.staging)

describe('layer cache', () => {
  it('fetches, verifies and unpacks a layer, and finds it again', async () => {
    const bytes = await archive({ 'a.txt': 'hello' })
    const { layerUrl, fetched } = await store([bytes])
    const cache = await open(layerUrl)
    let seen = 0
    const held = await cache.hold(wanted(bytes), 'one', {
      ...run(),
      onBytes: count => {
        seen += count
      },
    })
    expect(readFileSync(join(held.root, 'a.txt'), 'utf8')).toBe('hello')
    expect(held.index.entries.map(entry => entry.path)).toEqual(['a.txt'])
    expect(seen).toBe(bytes.length)
    const again = await open(layerUrl)
    await again.hold(wanted(bytes), 'two', run())
    expect(fetched).toHaveLength(1)
    expect(again.figures()).toEqual({ layers: 1, bytes: 5, hits: 1, misses: 0 })
    expect(leftovers()).toEqual([])
  })

  it('fetches once however many wait', async () => {
    const bytes = await archive({ 'a.txt': 'hello' })
    const { layerUrl, fetched } = await store([bytes])
    const cache = await open(layerUrl)
    await Promise.all(Array.from({ length: 20 }, (_, index) => cache.hold(wanted(bytes), `i${index}`, run())))
    expect(fetched).toHaveLength(1)
  })

  it('never keeps other bytes, whether they unpack or not', async () => {
    const right = await archive({ 'a.txt': 'right' })
    for (const wrong of [await archive({ 'a.txt': 'wrong' }), Buffer.alloc(right.length, '<html>')]) {
      const { layerUrl } = await store([right], response => response.end(wrong))
      const cache = await open(layerUrl)
      await expect(cache.hold({ ...wanted(right), sizeBytes: wrong.length }, 'one', run())).rejects.toMatchObject({
        code: 'CHECKSUM_MISMATCH',
      })
      expect(await cache.list()).toEqual([])
      expect(leftovers()).toEqual([])
    }
  })

  it('says the code of the archive when the published bytes themselves are bad', async () => {
    const bad = Buffer.from('<html>not a tar, but published like this</html>')
    const { layerUrl } = await store([bad])
    const cache = await open(layerUrl)
    await expect(cache.hold(wanted(bad), 'one', run())).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    expect(leftovers()).toEqual([])
  })

  it('ends a download when the last one who waits gives up, not before', async () => {
    const bytes = await archive({ 'a.txt': 'hello' })
    const arrived = Promise.withResolvers<ServerResponse>()
    const { layerUrl } = await store([bytes], response => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 20))
      arrived.resolve(response)
    })
    const cache = await open(layerUrl)
    const [first, second] = [new AbortController(), new AbortController()]
    const one = cache.hold(wanted(bytes), 'one', { ...run(), signal: first.signal })
    const two = cache.hold(wanted(bytes), 'two', { ...run(), signal: second.signal })
    const response = await arrived.promise
    first.abort(new Error('not any more'))
    await expect(one).rejects.toThrow('not any more')
    expect(response.destroyed).toBe(false)
    const closed = new Promise(resolve => response.on('close', resolve))
    second.abort(new Error('nor me'))
    await expect(two).rejects.toThrow('nor me')
    await closed
    expect(existsSync(folders.layers)).toBe(true)
    expect(await cache.list()).toEqual([])
  })

  it('purges what is chosen and not in use', async () => {
    const [a, b, c] = [await archive({ a: '1' }), await archive({ b: '2' }), await archive({ c: '3' })]
    const { layerUrl } = await store([a, b, c])
    const cache = await open(layerUrl)
    for (const [bytes, name] of [
      [a, 'aa'],
      [b, 'bb'],
      [c, 'cc'],
    ] as const) {
      await cache.hold(wanted(bytes, name), 'one', run())
      cache.release(wanted(bytes).sha256)
    }
    users.set(wanted(b).sha256, ['one'])
    expect(await cache.purge([{ template: 'aa' }, { template: 'cc', version: 'other' }])).toEqual({
      removedLayers: 1,
      freedBytes: 1,
      keptInUse: 0,
    })
    expect(await cache.purge()).toEqual({ removedLayers: 1, freedBytes: 1, keptInUse: 1 })
    expect((await cache.list()).map(layer => [layer.template, layer.inUseBy])).toEqual([['bb', ['one']]])
    expect(cache.figures()).toMatchObject({ layers: 1, bytes: 1 })
  })

  it('fetches again in dev mode, but never exchanges a layer that others stand on', async () => {
    const bytes = await archive({ 'a.txt': 'hello' })
    const { layerUrl, fetched } = await store([bytes])
    const cache = await open(layerUrl)
    const { root } = await cache.hold(wanted(bytes), 'one', run())
    cache.release(wanted(bytes).sha256)
    writeFileSync(join(root, 'a.txt'), 'damaged')
    await cache.hold(wanted(bytes), 'one', run(true))
    expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('hello')
    expect(fetched).toHaveLength(2)
    users.set(wanted(bytes).sha256, ['two'])
    await cache.hold(wanted(bytes), 'one', run(true))
    expect(fetched).toHaveLength(2)
  })

  it('makes room above its limit, least recently used first', async () => {
    const blobs = await Promise.all(['1', '2', '3'].map(text => archive({ [text]: text.repeat(100) })))
    const { layerUrl } = await store(blobs)
    const cache = await open(layerUrl, 250)
    for (const [index, bytes] of blobs.entries()) {
      await cache.hold(wanted(bytes, `t${index}`), 'one', run())
      if (index > 0) cache.release(wanted(bytes).sha256)
    }
    expect((await cache.list()).map(layer => layer.template).sort()).toEqual(['t0', 't2'])
  })

  it('empties staging at the start', async () => {
    mkdirSync(join(folders.staging, 'half', 'made'), { recursive: true })
    await openLayerFolders(base)
    expect(leftovers()).toEqual([])
  })
})
