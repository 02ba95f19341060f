import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../../server/ports'
import { openDiskStore } from '../../../../server/store/disk'
import { answerObjectRequest } from '../../../../server/store/serve-object'

const KEY = 'layers/ab/abcdef'
let root: string
let store: ObjectStore
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'strata-store-'))
  store = openDiskStore({ root, urlSecret: randomBytes(32), clock: { now: () => 0 } })
  await store.putStream(Readable.from([Buffer.from('0123456789')]), () => Promise.resolve({ key: KEY }))
  await store.putStream(Readable.from([]), () => Promise.resolve({ key: 'layers/ab/empty' }))
})
afterAll(() => rm(root, { recursive: true }))

async function ask(request: { method?: 'GET' | 'HEAD'; key?: string; range?: string; ifRange?: string }) {
  const answer = await answerObjectRequest(store, {
    method: 'GET',
    key: KEY,
    fileName: null,
    range: undefined,
    ifRange: undefined,
    ...request,
  })
  return { ...answer, body: answer.body ? await text(answer.body) : null }
}

describe('answerObjectRequest', () => {
  it('gives the whole with length and entity tag', async () => {
    expect(await ask({})).toMatchObject({
      status: 200,
      body: '0123456789',
      headers: { 'content-length': '10', etag: '"abcdef"', 'accept-ranges': 'bytes' },
    })
  })

  it.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=3-6', '3456', 'bytes 3-6/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
  ])('gives %s', async (range, body, contentRange) => {
    const answer = await ask({ range })
    expect(answer).toMatchObject({
      status: 206,
      body,
      headers: { 'content-range': contentRange, 'content-length': String(body.length) },
    })
  })

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])('refuses %s', async range => {
    expect(await ask({ range })).toMatchObject({
      status: 416,
      body: null,
      headers: { 'content-range': 'bytes */10', 'content-length': '0' },
    })
  })

  it.each(['bytes=5-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-', 'bytes=a-b', 'nonsense'])(
    'answers the whole to %s',
    async range => {
      expect(await ask({ range })).toMatchObject({ status: 200, body: '0123456789' })
    },
  )

  it('gives a range only of the object the asker began with', async () => {
    expect(await ask({ range: 'bytes=5-', ifRange: '"abcdef"' })).toMatchObject({ status: 206, body: '56789' })
    expect(await ask({ range: 'bytes=5-', ifRange: '"another"' })).toMatchObject({ status: 200, body: '0123456789' })
  })

  it('tells a HEAD the same without the bytes', async () => {
    expect(await ask({ method: 'HEAD' })).toMatchObject({
      status: 200,
      body: null,
      headers: { 'content-length': '10' },
    })
    expect(await ask({ method: 'HEAD', range: 'bytes=2-4' })).toMatchObject({
      status: 206,
      body: null,
      headers: { 'content-length': '3' },
    })
  })

  it('has no range of an empty object', async () => {
    expect(await ask({ key: 'layers/ab/empty' })).toMatchObject({ status: 200, body: '' })
    expect(await ask({ key: 'layers/ab/empty', range: 'bytes=0-' })).toMatchObject({ status: 416 })
  })

  it.each(['layers/ab/none', '../../etc/passwd', '', 'layers'])('says NOT_FOUND for %j', async key => {
    await expect(ask({ key })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
