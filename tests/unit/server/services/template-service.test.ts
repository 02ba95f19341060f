import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { indexKey, layerKey } from '../../../../server/domain/object-keys'
import { file, tar } from '../../../factories/tar'
import { filesBelow } from '../../../support/files-below'
import { openTestLibrary } from '../../../support/library'
import type { LibraryParts } from '../../../support/library'

let library: Awaited<ReturnType<typeof openTestLibrary>>
async function open(change?: (parts: LibraryParts) => Partial<LibraryParts>) {
  library = await openTestLibrary(change)
  return library
}
afterEach(() => library.close())

const archive = tar(file('a.txt', 'A'))
const sha256 = createHash('sha256').update(archive).digest('hex')

describe('bytes that versions share', () => {
  it('are stored, published, counted and removed by one holder of their lock at a time', async () => {
    const held = new Set<string>()
    const unguarded: string[] = []
    const guard = (act: string) => {
      if (!held.has(sha256)) unguarded.push(act)
    }
    await open(({ templates, objects, blobLock }) => ({
      blobLock: {
        async acquire(key) {
          const release = await blobLock.acquire(key)
          held.add(key)
          return () => {
            held.delete(key)
            release()
          }
        },
      },
      templates: {
        ...templates,
        publish: (...given) => (guard('publish'), templates.publish(...given)),
        removeVersion: (...given) => (guard('removeVersion'), templates.removeVersion(...given)),
        isBlobUsed: hash => (guard('isBlobUsed'), templates.isBlobUsed(hash)),
      },
      objects: { ...objects, remove: key => (guard('remove'), objects.remove(key)) },
    }))
    await library.publish('spawn@1', archive)
    await library.publish('spawn@2', archive)
    await library.service.remove('spawn', '1')
    await library.service.sweep()
    await library.service.remove('spawn', '2')
    expect(unguarded).toEqual([])
    expect(held.size).toBe(0)
  })

  it('survive when another version with them is refused', async () => {
    await open()
    await library.publish('copy@1', archive)
    await library.publish('spawn@1', tar(file('b.txt', 'B')))
    await expect(library.publish('spawn@1', archive)).rejects.toMatchObject({ code: 'VERSION_EXISTS' })
    expect(await library.objects.stat(layerKey(sha256))).toEqual({ sizeBytes: archive.length })
    expect(await library.objects.stat(indexKey(sha256))).toBeDefined()
  })

  it('are free again after every refusal', async () => {
    await open()
    await library.publish('spawn@1', archive)
    await expect(library.publish('spawn@1', tar(file('b.txt', 'B')))).rejects.toMatchObject({ code: 'VERSION_EXISTS' })
    await expect(library.publish('spawn@2', Buffer.from('nonsense'))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    await library.publish('spawn@3', tar(file('b.txt', 'B')))
    await library.publish('spawn@4', archive)
  })
})

describe('when the database refuses', () => {
  it('nothing of the archive stays', async () => {
    const failure = new Error('disk I/O error')
    await open(({ templates }) => ({ templates: { ...templates, publish: () => Promise.reject(failure) } }))
    await expect(library.publish('spawn@1', archive)).rejects.toBe(failure)
    expect(await filesBelow(library.root)).toEqual([])
  })
})

describe('sweep', () => {
  it('removes what no version has pointed to for a week and nothing else', async () => {
    await open()
    await library.publish('spawn@1', archive)
    const kept = await filesBelow(library.root)
    const stray = randomBytes(32).toString('hex')
    for (const key of [layerKey(stray), indexKey(stray)])
      await library.objects.putStream(Readable.from([Buffer.from('left by a brain that died')]), () =>
        Promise.resolve({ key }),
      )
    library.clock.at = 1_000
    expect(await library.service.sweep()).toEqual({ removed: 0 })
    library.clock.at += POLICY.store.unusedKeptMs - 1
    expect(await library.service.sweep()).toEqual({ removed: 0 })
    library.clock.at += 1
    expect(await library.service.sweep()).toEqual({ removed: 1 })
    expect(await filesBelow(library.root)).toEqual(kept)
    expect(await library.service.sweep()).toEqual({ removed: 0 })
  })

  it('counts the week anew for what a version pointed to meanwhile', async () => {
    await open()
    const key = layerKey(sha256)
    await library.objects.putStream(Readable.from([archive]), () => Promise.resolve({ key }))
    await library.service.sweep()
    await library.publish('spawn@1', archive)
    library.clock.at = POLICY.store.unusedKeptMs
    expect(await library.service.sweep()).toEqual({ removed: 0 })
    expect(await library.objects.stat(key)).toBeDefined()
  })

  it('ends early when the brain stops', async () => {
    await open()
    const key = layerKey(sha256)
    await library.objects.putStream(Readable.from([archive]), () => Promise.resolve({ key }))
    expect(await library.service.sweep(AbortSignal.abort())).toEqual({ removed: 0 })
    expect(await library.objects.stat(key)).toBeDefined()
  })
})

describe('an upload that stands still', () => {
  it('is given up and leaves nothing', async () => {
    await open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const body = new Readable({ read() {} })
      body.push(archive.subarray(0, 512))
      const publishing = library.service.publish(
        { actor: { kind: 'system', id: null, name: 'test' } },
        { template: 'spawn', version: '1', type: 'map' },
        body,
      )
      const outcome = expect(publishing).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        detail: expect.stringContaining('Nothing came for 60 s'),
      })
      await vi.waitFor(async () => expect(await filesBelow(library.root)).toHaveLength(1))
      await vi.advanceTimersByTimeAsync(POLICY.transfer.idleMs)
      await outcome
      expect(body.destroyed).toBe(true)
    } finally {
      vi.useRealTimers()
    }
    expect(await filesBelow(library.root)).toEqual([])
  })
})
