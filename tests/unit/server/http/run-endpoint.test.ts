import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setResponseHeader } from 'h3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createLog } from '../../../../server/brain/log'
import { defineEndpoint } from '../../../../server/http/define-endpoint'
import { POLICY } from '../../../../shared/domain/policy'
import { AppError } from '../../../../shared/errors'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

const logged: string[] = []
let made = 0
let hold: PromiseWithResolvers<void> | undefined
let source: Readable | undefined
let uploadBegan = Promise.withResolvers<void>()

const things = defineEndpoint({
  summary: 'A route of this test',
  permission: 'instance.write',
  query: z.strictObject({ dryRun: z.stringbool().default(false) }),
  body: z.strictObject({
    name: z.string().min(1),
    password: z.string().optional(),
    variables: z.record(z.string(), z.string()).optional(),
    layers: z.array(z.strictObject({ template: z.string() })).optional(),
  }),
  response: z.object({ id: z.string(), token: z.string() }),
  status: 201,
  audit: { action: 'thing.create' },
  async handler({ body, event, note }) {
    made += 1
    const number = made
    await hold?.promise
    if (body.name === 'taken') throw new AppError('NAME_TAKEN', 'The name is taken.')
    if (body.name === 'boom') throw new Error('a secret inside')
    note({ detail: { old: { secret: 'hush', plain: 1 } } })
    setResponseHeader(event, 'etag', `"${number}"`)
    return { id: `thing-${number}`, token: `token-${number}`, internal: 'never shown' }
  },
})

const routes = [
  {
    path: '/api/v1/named/:name',
    method: 'get',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'status.read',
      params: z.strictObject({ name: z.string().regex(/^[\w+]+$/) }),
      response: 'text',
      handler: ({ params }) => params.name,
    }),
  },
  { path: '/api/v1/things', method: 'post', handler: things },
  {
    path: '/api/v1/wrong',
    method: 'get',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'status.read',
      response: z.object({ count: z.int() }),
      handler: () => ({ count: 0.5 }),
    }),
  },
  {
    path: '/api/v1/text',
    method: 'get',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'status.read',
      response: 'text',
      handler: () => '<b>words</b>',
    }),
  },
  {
    path: '/api/v1/away',
    method: 'get',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'status.read',
      response: 'redirect',
      handler: () => '/objects/x?signature=y',
    }),
  },
  {
    path: '/api/v1/bytes',
    method: 'get',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'status.read',
      response: 'stream',
      handler({ event }) {
        setResponseHeader(event, 'content-type', 'application/octet-stream')
        source = new Readable({
          read() {
            this.push(Buffer.alloc(64 * 1024))
          },
        })
        return source
      },
    }),
  },
  {
    path: '/api/v1/upload',
    method: 'put',
    handler: defineEndpoint({
      summary: 'A route of this test',
      permission: 'template.publish',
      body: 'stream',
      response: z.object({ bytes: z.int() }),
      async handler({ body }) {
        let bytes = 0
        await pipeline(body, async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) {
            bytes += chunk.length
            uploadBegan.resolve()
            if (chunk.includes('STOP')) throw new AppError('ARCHIVE_CORRUPT', 'This is no archive.')
          }
        })
        return { bytes }
      },
    }),
  },
] as const

let api: ApiServer
let cookie: string
beforeAll(async () => {
  api = await startApiServer({
    routes: [...routes],
    parts: { log: createLog('warn', { write: line => void logged.push(line) }) },
  })
  cookie = await api.cookieOf('operator')
})
afterAll(() => api.close())
beforeEach(() => {
  logged.length = 0
  hold = undefined
})

const create = (json: unknown, headers: Record<string, string> = {}) =>
  api.request('/api/v1/things', { method: 'POST', json, cookie, headers })
const lastAudit = async () => (await api.brain.audit.list({ action: 'thing.create', limit: 1 })).items[0]

describe('what comes in', () => {
  it('is refused with the path of every fault', async () => {
    const answer = await create({ name: '', surprise: 1, layers: [{ template: 'a' }, { template: 3, tag: 'x' }] })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(answer.body).toMatchObject({
      type: 'urn:strata:problem:VALIDATION_FAILED',
      status: 400,
      code: 'VALIDATION_FAILED',
      requestId: expect.any(String),
    })
    const { issues } = z.object({ issues: z.array(z.object({ path: z.string() })) }).parse(answer.body)
    expect(issues.map(issue => issue.path).sort()).toEqual(['layers[1].tag', 'layers[1].template', 'name', 'surprise'])
  })

  it.each([
    ['cut JSON', '{"name": ', 'application/json', 400, 'BAD_REQUEST'],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400, 'BAD_REQUEST'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'JSON that says it is text, as a foreign page may send',
      '{"name":"x"}',
      'text/plain',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a key that reaches for prototypes', '{"name":"x","__proto__":{"a":1}}', 'application/json', 400, 'BAD_REQUEST'],
    [
      'such a key where any key may stand',
      '{"name":"x","variables":{"\\u005f_proto__":"a"}}',
      'application/json',
      400,
      'BAD_REQUEST',
    ],
    ['an array', '[]', 'application/json', 400, 'VALIDATION_FAILED'],
    ['nothing', '', 'application/json', 400, 'VALIDATION_FAILED'],
  ])('%s is refused', async (_what, raw, type, status, code) => {
    const before = made
    expect(
      await api.request('/api/v1/things', { method: 'POST', raw, cookie, headers: { 'content-type': type } }),
    ).toMatchObject({ status, body: { code } })
    expect(made).toBe(before)
  })

  it('may not be larger than the limit, said or found out', async () => {
    const big = 'x'.repeat(POLICY.http.bodyBytes)
    expect(await create({ name: big })).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } })
    const unsaid = Readable.toWeb(
      Readable.from([Buffer.from('{"name":"'), Buffer.from(big), Buffer.from('"}')]),
    ) as unknown as BodyInit
    const answer = await api.request('/api/v1/things', {
      method: 'POST',
      raw: unsaid,
      cookie,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } })
  })

  it('may be escaped in the address', async () => {
    expect((await api.request('/api/v1/named/1%2B2', { cookie })).body).toBe('1+2')
    const answer = await api.request('/api/v1/named/1%2F2', { cookie })
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', issues: [{ path: 'name' }] } })
    expect((await api.request('/api/v1/named/%zz', { cookie })).status).toBe(400)
  })

  it('has no query fields nobody knows', async () => {
    const answer = await api.request('/api/v1/things?dry=1', { method: 'POST', json: { name: 'x' }, cookie })
    expect(answer).toMatchObject({ status: 400, body: { issues: [{ path: 'dry' }] } })
  })
})

describe('who may', () => {
  it('needs a sign-in', async () => {
    const answer = await api.request('/api/v1/things', { method: 'POST', json: { name: 'x' } })
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('needs a role that may, and is asked before the body is looked at', async () => {
    const answer = await api.request('/api/v1/things', {
      method: 'POST',
      json: { nonsense: true },
      cookie: await api.cookieOf('viewer'),
    })
    expect(answer).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
  })

  it.each(['Bearer strata_nobody', 'Basic YTpi', 'Bearer ', 'Bearer a b'])(
    'refuses the Authorization "%s" even beside a good cookie',
    async authorization => {
      expect(await create({ name: 'x' }, { authorization })).toMatchObject({
        status: 401,
        body: { code: 'UNAUTHENTICATED' },
      })
    },
  )

  it('refuses pages of other sites', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { referer: 'https://evil.example/x' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: `${api.url.origin}0` },
    ]
    for (const headers of foreign) {
      expect(await create({ name: 'x' }, headers), JSON.stringify(headers)).toMatchObject({
        status: 403,
        body: { code: 'ORIGIN_REFUSED' },
      })
    }
    expect((await create({ name: 'x' }, { origin: api.url.origin, 'sec-fetch-site': 'same-origin' })).status).toBe(201)
  })
})

describe('what goes out', () => {
  it('holds what the schema names and nothing else', async () => {
    const answer = await create({ name: 'x' })
    expect(Object.keys(answer.body as object).sort()).toEqual(['id', 'token'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('tells nothing of a defect but where to look', async () => {
    for (const answer of [
      await create({ name: 'boom' }, { 'x-request-id': 'ask-7' }),
      await api.request('/api/v1/wrong', { cookie, headers: { 'x-request-id': 'ask-7' } }),
    ]) {
      expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL', requestId: 'ask-7' } })
      expect(JSON.stringify(answer.body)).not.toContain('secret inside')
    }
    expect(logged.filter(line => line.includes('ask-7'))).toHaveLength(2)
    expect(logged.join()).toContain('a secret inside')
  })

  it('carries the request id of the caller when it is a word, and else a new one', async () => {
    expect((await api.request('/healthz', { headers: { 'x-request-id': 'mine.1' } })).headers.get('x-request-id')).toBe(
      'mine.1',
    )
    const long = 'x'.repeat(65)
    const id = (await api.request('/healthz', { headers: { 'x-request-id': long } })).headers.get('x-request-id')
    expect(id).not.toBe(long)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('may be text, which no browser takes for a page', async () => {
    const answer = await api.request('/api/v1/text', { cookie })
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.body).toBe('<b>words</b>')
  })

  it('may be a way to somewhere else', async () => {
    const answer = await api.request('/api/v1/away', { cookie })
    expect(answer).toMatchObject({ status: 302 })
    expect(answer.headers.get('location')).toBe('/objects/x?signature=y')
  })

  it('stops reading its source when the client goes', async () => {
    const abort = new AbortController()
    const response = await fetch(new URL('/api/v1/bytes', api.url), { headers: { cookie }, signal: abort.signal })
    await response.body?.getReader().read()
    const closed = new Promise(resolve => source?.once('close', resolve))
    abort.abort()
    await closed
    expect(source?.destroyed).toBe(true)
  })

  it('answers HEAD like GET without a body, OPTIONS with what is allowed, and others with 405', async () => {
    const head = await api.request('/api/v1/text', { method: 'HEAD', cookie })
    expect(head).toMatchObject({ status: 200, body: '' })
    const options = await api.request('/api/v1/things', { method: 'OPTIONS' })
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toBe('POST, OPTIONS')
    const wrong = await api.request('/api/v1/text', { method: 'DELETE', cookie })
    expect(wrong).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } })
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await api.request('/api/v1/nowhere/at/all', { cookie })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    })
    expect(await api.request('/api/other', { method: 'POST', cookie })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    })
  })
})

describe('uploads', () => {
  /** Reads nothing before it has sent everything, as many clients do; resolves to the head of the answer. */
  async function upload(chunks: Buffer[], headers: Record<string, string>): Promise<string> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const socket = connect(Number(api.url.port), api.url.hostname)
    const lines = Object.entries({ host: api.url.host, 'content-length': length, connection: 'close', ...headers })
    socket.write(`PUT /api/v1/upload HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    for (const chunk of chunks) {
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    return text(socket)
  }
  const megabytes = (count: number, first = '') => [
    Buffer.from(first.padEnd(1024, '.')),
    ...Array.from({ length: count }, () => Buffer.alloc(1024 ** 2)),
  ]

  it('are handed over as they come', async () => {
    const answer = await upload(megabytes(3), { cookie })
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(answer).toContain(JSON.stringify({ bytes: 1024 + 3 * 1024 ** 2 }))
  })

  it('that are refused half way get to see why', async () => {
    const answer = await upload(megabytes(20, 'STOP'), { cookie })
    expect(answer).toMatch(/^HTTP\/1.1 422 /)
    expect(answer).toContain('ARCHIVE_CORRUPT')
  })

  it('of people who may not are refused without being read', async () => {
    expect(await upload(megabytes(20), { cookie: await api.cookieOf('viewer') })).toMatch(/^HTTP\/1.1 403 /)
  })

  it('that break off fail', async () => {
    uploadBegan = Promise.withResolvers()
    const request = httpRequest(new URL('/api/v1/upload', api.url), {
      method: 'PUT',
      headers: { cookie, 'content-length': '1000' },
    })
    request.on('error', () => {})
    request.write('half')
    await uploadBegan.promise
    request.destroy()
    const newest = async () => (await api.brain.audit.list({ action: 'template.publish', limit: 1 })).items[0]?.detail
    await expect.poll(newest).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('broke off') })
  })
})

describe('the audit log', () => {
  it('keeps who did what to whom, old and new values, and no secret', async () => {
    const answer = await create(
      { name: 'x', password: 'hunter2hunter2', variables: { MOTD: 'hello' } },
      { 'x-request-id': 'ask-1' },
    )
    const entry = await lastAudit()
    expect(entry).toMatchObject({
      action: 'thing.create',
      actor: { kind: 'user', name: 'the-operator' },
      subject: { kind: 'instance', id: (answer.body as { id: string }).id },
      outcome: 'done',
      requestId: 'ask-1',
      address: '127.0.0.1',
      detail: { name: 'x', password: '••••••', variables: { MOTD: '••••••' }, old: { secret: '••••••', plain: 1 } },
    })
  })

  it('keeps what was refused and what failed', async () => {
    await create({ name: 'taken' })
    expect(await lastAudit()).toMatchObject({ outcome: 'refused', detail: { code: 'NAME_TAKEN', name: 'taken' } })
    await create({ name: 'boom' })
    expect(await lastAudit()).toMatchObject({ outcome: 'failed', detail: { code: 'INTERNAL' } })
    await api.request('/api/v1/things', { method: 'POST', json: { name: 'x' } })
    expect(await lastAudit()).toMatchObject({ outcome: 'refused', actor: { id: null, name: 'anonymous' } })
  })

  it('cannot be filled by people who are not signed in', async () => {
    const before = (await api.brain.audit.list({ action: 'thing.create', limit: 500 })).items.length
    await Promise.all(
      Array.from({ length: POLICY.http.anonymousAuditPerMinute * 2 + 10 }, () =>
        api.request('/api/v1/things', { method: 'POST', json: {} }),
      ),
    )
    const after = (await api.brain.audit.list({ action: 'thing.create', limit: 500 })).items.length
    // The minute may turn once while this runs.
    expect(after - before).toBeLessThanOrEqual(POLICY.http.anonymousAuditPerMinute * 2)
  })

  it('takes nothing for a look', async () => {
    await api.request('/api/v1/text', { cookie })
    expect((await api.brain.audit.list({ action: 'status.read', limit: 1 })).items).toEqual([])
  })
})

describe('an Idempotency-Key', () => {
  it('gives the same answer again, headers included, and has one effect', async () => {
    const first = await create({ name: 'x', layers: [] }, { 'idempotency-key': 'k-1' })
    const before = made
    const second = await create({ layers: [], name: 'x' }, { 'idempotency-key': 'k-1' })
    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'))
    expect(made).toBe(before)
  })

  it('is refused for another request', async () => {
    await create({ name: 'x' }, { 'idempotency-key': 'k-2' })
    expect(await create({ name: 'y' }, { 'idempotency-key': 'k-2' })).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_CONFLICT' },
    })
    const other = await api.request('/api/v1/things?dryRun=true', {
      method: 'POST',
      json: { name: 'x' },
      cookie,
      headers: { 'idempotency-key': 'k-2' },
    })
    expect(other).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } })
  })

  it('holds for requests that come while the first is at work', async () => {
    const before = made
    hold = Promise.withResolvers()
    const answers = Array.from({ length: 20 }, () => create({ name: 'x' }, { 'idempotency-key': 'k-3' }))
    await expect.poll(() => made).toBe(before + 1)
    hold.resolve()
    const bodies = new Set((await Promise.all(answers)).map(answer => JSON.stringify(answer.body)))
    expect(bodies.size).toBe(1)
    expect(made).toBe(before + 1)
  })

  it('may be used again after a failure', async () => {
    expect((await create({ name: 'taken' }, { 'idempotency-key': 'k-4' })).status).toBe(409)
    expect((await create({ name: 'free' }, { 'idempotency-key': 'k-4' })).status).toBe(201)
  })

  it('of two people are two', async () => {
    const mine = await create({ name: 'x' }, { 'idempotency-key': 'k-5' })
    const theirs = await api.request('/api/v1/things', {
      method: 'POST',
      json: { name: 'x' },
      cookie: await api.cookieOf('admin'),
      headers: { 'idempotency-key': 'k-5' },
    })
    expect(theirs.body).not.toEqual(mine.body)
  })

  it('is a short word', async () => {
    expect(await create({ name: 'x' }, { 'idempotency-key': 'x'.repeat(201) })).toMatchObject({
      status: 400,
      body: { code: 'BAD_REQUEST' },
    })
  })
})

it('answers 503 until the brain has started', async () => {
  const early = await startApiServer({ start: false })
  const answer = await early.request('/healthz')
  expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  expect(answer.headers.get('retry-after')).toBe('1')
  await early.brain.start(early.url)
  expect(await early.request('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  await early.close()
})
