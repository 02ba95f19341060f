import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openS3Store } from '../../../../server/store/s3'
import type { S3Store, S3StoreOptions } from '../../../../server/store/s3'
import { createS3Client } from '../../../../server/store/s3-place'
import { describeObjectStore } from '../../../contracts/object-store'
import { startS3Server } from '../../../support/s3-server'
import type { S3Server } from '../../../support/s3-server'

const NOW = 1_800_000_000_000
const MiB = 1024 ** 2
const patience = { connectMs: 1_000, idleMs: 400, workMs: 2_000, attempts: 3 }

let server: S3Server
let number = 0
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server.close())
beforeEach(() => {
  server.fault = () => undefined
  server.now = Date.now
  server.requests.length = 0
})

/** A place of its own for every test, in the one bucket. */
const newPlace = () => ({ ...server.place, prefix: `test-${(number += 1)}/` })
const open = (options: Partial<S3StoreOptions> = {}) =>
  openS3Store({ place: newPlace(), clock: { now: () => NOW }, patience, ...options })

async function leftoversOf(prefix: string): Promise<string[]> {
  const client = createS3Client(server.place)
  const below = { Bucket: server.place.bucket, Prefix: `${prefix}.staging/` }
  const { Contents = [] } = await client.send(new ListObjectsV2Command(below))
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(below))
  client.destroy()
  return [...Contents, ...Uploads].map(({ Key }) => Key ?? '')
}

describeObjectStore('s3', async () => {
  const place = newPlace()
  const store = openS3Store({ place, clock: { now: () => NOW } })
  return {
    store,
    now: NOW,
    async fetchSigned(url, { at, method = 'GET' }) {
      server.now = () => at
      return fetch(url, { method })
    },
    leftovers: () => leftoversOf(place.prefix),
    close: async () => store.close(),
  }
})

const put = (store: S3Store, bytes: Buffer, key = 'layers/aa/one') =>
  store.putStream(Readable.from([bytes]), () => Promise.resolve({ key }))

describe('s3 driver', { timeout: 30_000 }, () => {
  it('uploads in parts, copies in parts, and keeps the bytes', async () => {
    const bytes = randomBytes(20 * MiB)
    const store = open({ copyPartBytes: 8 * MiB })
    const written = await store.putStream(Readable.from(pieces(bytes)), async () => ({ key: 'layers/aa/large' }))
    expect(written.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect((await buffer(await store.get('layers/aa/large'))).equals(bytes)).toBe(true)
    // Three parts up, three parts copied.
    expect(server.requests.filter(line => line.startsWith('PUT')).length).toBe(6)
    store.close()
  })

  it('leaves no upload in parts behind when its source fails', async () => {
    const place = newPlace()
    const store = openS3Store({ place, clock: { now: () => NOW }, patience })
    const broken = Readable.from(
      (async function* () {
        yield* pieces(randomBytes(18 * MiB))
        await Promise.resolve()
        throw new Error('the client went away')
      })(),
    )
    await expect(store.putStream(broken, async () => ({ key: 'layers/aa/half' }))).rejects.toThrow(
      'the client went away',
    )
    expect(await leftoversOf(place.prefix)).toEqual([])
    store.close()
  })

  it('does not copy what is there already, and mends what is there with other bytes', async () => {
    const place = newPlace()
    const store = openS3Store({ place, clock: { now: () => NOW }, patience })
    const bytes = randomBytes(1_000)
    await put(store, bytes)
    server.requests.length = 0
    await put(store, bytes)
    expect(server.requests.filter(line => line === `PUT /strata-test/${place.prefix}layers/aa/one`)).toEqual([])
    const client = createS3Client(place)
    await client.send(
      new PutObjectCommand({ Bucket: place.bucket, Key: `${place.prefix}layers/aa/one`, Body: randomBytes(1_000) }),
    )
    await put(store, bytes)
    expect((await buffer(await store.get('layers/aa/one'))).equals(bytes)).toBe(true)
    client.destroy()
    store.close()
  })

  it('signs addresses for the endpoint that nodes see', async () => {
    const publicEndpoint = new URL(server.place.endpoint!.href.replace('127.0.0.1', 'localhost'))
    const store = open({ place: { ...newPlace(), publicEndpoint } })
    const { key } = await put(store, Buffer.from('0123456789'))
    server.now = () => NOW
    const url = await store.signedUrl(key, { expiresInMs: 60_000 })
    expect(new URL(url).hostname).toBe('localhost')
    const part = await fetch(url, { headers: { range: 'bytes=3-6' } })
    expect([part.status, await part.text()]).toEqual([206, '3456'])
    store.close()
  })

  it('tidies what a killed brain left, and neither objects nor uploads of its own', async () => {
    const place = newPlace()
    const dead = createS3Client(place)
    await dead.send(
      new PutObjectCommand({ Bucket: place.bucket, Key: `${place.prefix}.staging/dead/one`, Body: 'half' }),
    )
    const store = openS3Store({ place, clock: { now: () => NOW }, patience })
    await put(store, Buffer.from('kept'))
    await store.putStream(Readable.from([Buffer.from('mine')]), async () => {
      await store.tidy()
      return { key: 'layers/aa/mine' }
    })
    expect(await leftoversOf(place.prefix)).toEqual([])
    expect(await store.stat('layers/aa/one')).toEqual({ sizeBytes: 4 })
    expect(await store.stat('layers/aa/mine')).toEqual({ sizeBytes: 4 })
    dead.destroy()
    store.close()
  })
})

describe('a bucket in trouble', { timeout: 30_000 }, () => {
  it('that is away: says so in words, without its secret', async () => {
    const place = { ...newPlace(), endpoint: new URL('http://127.0.0.1:9') }
    const store = openS3Store({ place, clock: { now: () => NOW }, patience })
    const attempts = [
      () => put(store, Buffer.from('x')),
      () => store.get('layers/aa/one'),
      () => store.stat('layers/aa/one'),
    ]
    for (const attempt of attempts) {
      const error: unknown = await attempt().then(
        () => undefined,
        (cause: unknown) => cause,
      )
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', detail: expect.stringContaining('ECONNREFUSED') })
      expect(JSON.stringify(error)).not.toContain(place.secretAccessKey)
    }
    store.close()
  })

  it.each([
    ['with a wrong secret', { secretAccessKey: 'another' }],
    ['with an unknown key id', { accessKeyId: 'NOBODY' }],
    ['that does not exist', { bucket: 'not-there' }],
  ])('%s: is refused, and says what to check', async (_, change) => {
    const store = open({ place: { ...newPlace(), ...change } })
    await expect(put(store, Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      detail: expect.stringContaining('STRATA_S3_'),
    })
    store.close()
  })

  it('that answers 500 now and then: is asked again', async () => {
    const store = open()
    let calls = 0
    server.fault = () => ((calls += 1) % 3 === 1 ? { status: 500 } : undefined)
    const bytes = randomBytes(9 * MiB)
    await put(store, bytes)
    expect((await buffer(await store.get('layers/aa/one'))).equals(bytes)).toBe(true)
    store.close()
  })

  it('that hangs: is given up in time', async () => {
    const store = open()
    await put(store, Buffer.from('there'))
    server.fault = () => 'hang'
    await expect(store.stat('layers/aa/one')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    store.close()
  })

  it('that completes an upload and loses the answer: sees that it is there', async () => {
    const store = open()
    let lost = 0
    server.fault = ({ method, query }) =>
      method === 'POST' && query.has('uploadId') && (lost += 1) === 1 ? { cutAfter: 0 } : undefined
    const bytes = randomBytes(9 * MiB)
    await put(store, bytes)
    expect(lost).toBeGreaterThan(0)
    expect((await buffer(await store.get('layers/aa/one'))).equals(bytes)).toBe(true)
    store.close()
  })

  it('that cuts off: goes on where it stopped', async () => {
    const store = open()
    const bytes = randomBytes(3 * MiB)
    await put(store, bytes)
    let cuts = 0
    server.fault = ({ method }) => (method === 'GET' && (cuts += 1) <= 3 ? { cutAfter: 700_000 } : undefined)
    expect((await buffer(await store.get('layers/aa/one'))).equals(bytes)).toBe(true)
    expect(cuts).toBe(4)
    store.close()
  })

  it('that gives back other bytes than it was given: keeps nothing', async () => {
    const store = open()
    server.fault = ({ method }) => (method === 'GET' ? 'other-bytes' : undefined)
    await expect(put(store, randomBytes(1_000))).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    server.fault = () => undefined
    expect(await store.stat('layers/aa/one')).toBeUndefined()
    store.close()
  })
})

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536)
}
