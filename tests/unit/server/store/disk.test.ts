import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDiskStore } from '../../../../server/store/disk'
import { describeObjectStore } from '../../../contracts/object-store'
import { serveObjects } from '../../../support/object-server'

const NOW = 1_800_000_000_000

describeObjectStore('disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'strata-store-'))
  const urlSecret = randomBytes(32)
  const store = openDiskStore({ root, urlSecret, clock: { now: () => NOW } })
  let at = NOW
  const server = await serveObjects(store, urlSecret, () => at)
  return {
    store,
    now: NOW,
    fetchSigned(url, options) {
      at = options.at
      return fetch(new URL(url, server.origin), { method: options.method ?? 'GET' })
    },
    leftovers: () => readdir(join(root, '.staging')),
    async close() {
      await server.close()
      await rm(root, { recursive: true })
    },
  }
})

describe('disk driver', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'strata-store-'))
  })
  afterEach(() => rm(root, { recursive: true }))
  const open = () => openDiskStore({ root, urlSecret: randomBytes(32), clock: { now: () => NOW } })

  it('removes what a killed brain left half-made, and nothing else', async () => {
    await open().putStream(Readable.from([Buffer.from('kept')]), () => Promise.resolve({ key: 'layers/aa/kept' }))
    await mkdir(join(root, '.staging'), { recursive: true })
    await writeFile(join(root, '.staging', 'half'), 'half of an upload')
    const store = open()
    expect(await readdir(join(root, '.staging'))).toEqual([])
    expect(await store.stat('layers/aa/kept')).toEqual({ sizeBytes: 4 })
  })

  it('lets nobody but the brain read', async () => {
    const store = open()
    await store.putStream(Readable.from([Buffer.from('private')]), () => Promise.resolve({ key: 'layers/aa/one' }))
    expect((await stat(join(root, 'layers', 'aa', 'one'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(root, 'layers', 'aa'))).mode & 0o777).toBe(0o700)
  })

  it('refuses addresses signed with another secret', async () => {
    const one = open()
    const { key } = await one.putStream(Readable.from([Buffer.from('x')]), () =>
      Promise.resolve({ key: 'layers/aa/one' }),
    )
    const server = await serveObjects(one, randomBytes(32), () => NOW)
    const answer = await fetch(new URL(await one.signedUrl(key, { expiresInMs: 1_000 }), server.origin))
    expect(answer.status).toBe(403)
    await server.close()
  })
})
