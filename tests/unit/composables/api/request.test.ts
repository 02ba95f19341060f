import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ApiError } from '../../../../composables/api/api-error'
import { apiAddress, request } from '../../../../composables/api/request'

const answerWith = (body: string, init: ResponseInit) =>
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(body, init)),
  )
const caught = async (run: Promise<unknown>) =>
  run.then(
    () => expect.unreachable('did not throw'),
    (error: unknown) => error as ApiError,
  )
const json = { 'content-type': 'application/json' }

afterEach(() => void vi.unstubAllGlobals())

describe('request', () => {
  it('gives what the schema says', async () => {
    answerWith('{"n":1,"extra":true}', { headers: json })
    expect(await request('/x', { answer: z.object({ n: z.number() }) })).toEqual({ n: 1 })
  })

  it('calls an answer of another shape unexpected', async () => {
    answerWith('{"n":"one"}', { headers: json })
    expect(await caught(request('/x', { answer: z.object({ n: z.number() }) }))).toMatchObject({ kind: 'unexpected' })
  })

  it('brings a problem document whole, with the time after which to try again', async () => {
    const problem = {
      type: 't',
      title: 'Too many tries',
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      detail: 'd',
      requestId: 'r',
    }
    answerWith(JSON.stringify(problem), {
      status: 429,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '42' },
    })
    const error = await caught(request('/x', { answer: z.unknown() }))
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      kind: 'problem',
      code: 'TOO_MANY_REQUESTS',
      status: 429,
      retryAfterSeconds: 42,
      problem,
    })
  })

  it.each([
    [502, 'unreachable'],
    [404, 'unexpected'],
  ])('a page of a proxy with status %i is %s', async (status, kind) => {
    answerWith('<html>', { status })
    expect(await caught(request('/x', { answer: z.unknown() }))).toMatchObject({ kind, status })
  })

  it('says unreachable when nobody answers', async () => {
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => Promise.reject(new TypeError('Failed to fetch'))),
    )
    expect(await caught(request('/x', { answer: z.unknown() }))).toMatchObject({ kind: 'unreachable', status: null })
  })

  it('lets an abort be an abort', async () => {
    const abort = new AbortController()
    vi.stubGlobal(
      'fetch',
      vi.fn(async () => {
        abort.abort(new Error('left'))
        throw new Error('left')
      }),
    )
    expect(await caught(request('/x', { answer: z.unknown(), signal: abort.signal }))).not.toBeInstanceOf(ApiError)
  })
})

it('leaves empty parts out of an address and encodes the rest', () => {
  expect(apiAddress('/x', { a: 1, b: undefined, c: '', d: 'ä&' })).toBe('/api/v1/x?a=1&d=%C3%A4%26')
  expect(apiAddress('/x')).toBe('/api/v1/x')
})
