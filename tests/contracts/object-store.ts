import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../server/ports'

/** One driver, opened on an empty place. */
export interface OpenedStore {
  store: ObjectStore
  /** GETs an address of `signedUrl` as a node or a browser would; `at` is the wall clock of whoever judges it. */
  fetchSigned(url: string, options: { at: number; method?: string }): Promise<Response>
  /** What the driver keeps beside finished objects: half-made uploads. Empty when nothing runs. */
  leftovers(): Promise<string[]>
  now: number
  close(): Promise<void>
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** What every object store must do. A driver has one test file that calls this. */
export function describeObjectStore(driver: string, open: () => Promise<OpenedStore>): void {
  describe(`object store: ${driver}`, () => {
    let opened: OpenedStore
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.close())

    const put = (bytes: Buffer, key = `layers/aa/${sha256(bytes)}`) =>
      opened.store.putStream(Readable.from([bytes]), () => Promise.resolve({ key }))
    const keys = async (prefix = '') => {
      const found: string[] = []
      for await (const object of opened.store.list(prefix)) found.push(object.key)
      return found.sort()
    }

    it('gives back the bytes it was given, and told their checksum and size before the key was chosen', async () => {
      const chunks = [randomBytes(70_000), randomBytes(1), randomBytes(300_000)]
      const whole = Buffer.concat(chunks)
      let told: unknown
      const written = await opened.store.putStream(Readable.from(chunks), facts => {
        told = facts
        return Promise.resolve({ key: 'layers/xy/one' })
      })
      expect(told).toEqual({ sha256: sha256(whole), sizeBytes: whole.length })
      expect(written).toEqual({ key: 'layers/xy/one', sha256: sha256(whole), sizeBytes: whole.length })
      expect((await buffer(await opened.store.get('layers/xy/one'))).equals(whole)).toBe(true)
      expect(await opened.store.stat('layers/xy/one')).toEqual({ sizeBytes: whole.length })
    })

    it('stores an object without bytes', async () => {
      const { key } = await put(Buffer.alloc(0))
      expect(await opened.store.stat(key)).toEqual({ sizeBytes: 0 })
      expect(await buffer(await opened.store.get(key))).toHaveLength(0)
    })

    it('reads ranges, ends included', async () => {
      const { key } = await put(Buffer.from('0123456789'))
      const read = async (range: { start: number; end?: number }) =>
        (await buffer(await opened.store.get(key, range))).toString()
      expect(await read({ start: 0, end: 0 })).toBe('0')
      expect(await read({ start: 3, end: 6 })).toBe('3456')
      expect(await read({ start: 7 })).toBe('789')
    })

    it('keeps nothing of a source that fails half-way', async () => {
      const broken = Readable.from(
        (async function* () {
          yield randomBytes(200_000)
          await Promise.resolve()
          throw new Error('the client went away')
        })(),
      )
      await expect(opened.store.putStream(broken, () => Promise.resolve({ key: 'layers/aa/half' }))).rejects.toThrow(
        'the client went away',
      )
      expect(await keys()).toEqual([])
      expect(await opened.leftovers()).toEqual([])
    })

    it('keeps nothing when the key is refused', async () => {
      const refusal = new Error('not a good archive')
      await expect(
        opened.store.putStream(Readable.from([randomBytes(10)]), () => Promise.reject(refusal)),
      ).rejects.toBe(refusal)
      expect(await keys()).toEqual([])
      expect(await opened.leftovers()).toEqual([])
    })

    it('shows an object only when it is whole', async () => {
      let release: () => void = () => undefined
      const mayEnd = new Promise<void>(resolve => (release = resolve))
      let chosen: () => void = () => undefined
      const isChosen = new Promise<void>(resolve => (chosen = resolve))
      const writing = opened.store.putStream(Readable.from([Buffer.from('slow')]), async () => {
        chosen()
        await mayEnd
        return { key: 'layers/aa/slow' }
      })
      await isChosen
      expect(await opened.store.stat('layers/aa/slow')).toBeUndefined()
      expect(await keys()).toEqual([])
      release()
      await writing
      expect(await keys()).toEqual(['layers/aa/slow'])
    })

    it('takes the same bytes twice at once under one key', async () => {
      const bytes = randomBytes(500_000)
      const both = await Promise.all([put(bytes), put(bytes)])
      expect(both[0]).toEqual(both[1])
      expect((await buffer(await opened.store.get(both[0].key))).equals(bytes)).toBe(true)
      expect(await keys()).toEqual([both[0].key])
      expect(await opened.leftovers()).toEqual([])
    })

    it('lists by prefix with sizes', async () => {
      await put(Buffer.from('abc'), 'layers/aa/one')
      await put(Buffer.from('abcd'), 'layers/ab/two')
      await put(Buffer.from('x'), 'indexes/aa/one')
      expect(await keys()).toEqual(['indexes/aa/one', 'layers/aa/one', 'layers/ab/two'])
      expect(await keys('layers/')).toEqual(['layers/aa/one', 'layers/ab/two'])
      const sizes: Record<string, number> = {}
      for await (const object of opened.store.list('layers/a')) sizes[object.key] = object.sizeBytes
      expect(sizes).toEqual({ 'layers/aa/one': 3, 'layers/ab/two': 4 })
    })

    it('removes once and twice alike', async () => {
      const { key } = await put(Buffer.from('gone soon'))
      await opened.store.remove(key)
      await opened.store.remove(key)
      expect(await opened.store.stat(key)).toBeUndefined()
      expect(await keys()).toEqual([])
    })

    it('lets a reader finish what is removed meanwhile', async () => {
      const bytes = randomBytes(2_000_000)
      const { key } = await put(bytes)
      const reader = await opened.store.get(key)
      await opened.store.remove(key)
      expect((await buffer(reader)).equals(bytes)).toBe(true)
    })

    it.each([
      'layers/aa/none',
      'layers',
      '../outside',
      '/etc/passwd',
      '.staging/x',
      'a/../b',
      'A',
      '',
      'a//b',
      'a\\b',
      'a\0b',
    ])('says NOT_FOUND for %j', async key => {
      await put(Buffer.from('there'), 'layers/aa/one')
      await expect(opened.store.get(key)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('refuses to write outside of itself', async () => {
      await expect(put(Buffer.from('x'), '../outside')).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await keys()).toEqual([])
      expect(await opened.leftovers()).toEqual([])
    })

    describe('signed addresses', () => {
      it('give the bytes until they expire, whole and by range', async () => {
        const bytes = randomBytes(100_000)
        const { key } = await put(bytes)
        const url = await opened.store.signedUrl(key, { expiresInMs: 1_000 })
        const whole = await opened.fetchSigned(url, { at: opened.now + 999 })
        expect(whole.status).toBe(200)
        expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
        expect((await opened.fetchSigned(url, { at: opened.now + 1_000 })).status).toBe(403)
      })

      it('name the file they were made for', async () => {
        const { key } = await put(Buffer.from('x'))
        const url = await opened.store.signedUrl(key, { expiresInMs: 1_000, fileName: 'spawn@1.0 ü.tar.gz' })
        const answer = await opened.fetchSigned(url, { at: opened.now })
        expect(decodeURIComponent(answer.headers.get('content-disposition') ?? '')).toContain('spawn@1.0 ü.tar.gz')
      })

      it('are good for their own object alone', async () => {
        const one = await put(Buffer.from('one'))
        const two = await put(Buffer.from('two'))
        const url = await opened.store.signedUrl(one.key, { expiresInMs: 1_000 })
        expect((await opened.fetchSigned(url.replace(one.key, two.key), { at: opened.now })).status).toBe(403)
      })

      it('are good for reading alone', async () => {
        const { key } = await put(Buffer.from('one'))
        const url = await opened.store.signedUrl(key, { expiresInMs: 1_000 })
        for (const method of ['PUT', 'DELETE', 'POST']) {
          const answer = await opened.fetchSigned(url, { at: opened.now, method })
          expect(answer.status, method).toBeGreaterThanOrEqual(400)
        }
        expect(await opened.store.stat(key)).toEqual({ sizeBytes: 3 })
      })
    })
  })
}
