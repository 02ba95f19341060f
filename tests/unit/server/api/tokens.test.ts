import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
let admin: string
let now: number
beforeEach(async () => {
  now = Date.now()
  api = await startApiServer({ parts: { clock: { now: () => now, monotonic: () => performance.now() } } })
  admin = await api.cookieOf('admin')
})
afterEach(() => api.close())

interface Created {
  id: string
  token: string
  details: { prefix: string }
}
const create = async (json: object, cookie = admin) =>
  (await api.request('/api/v1/tokens', { method: 'POST', cookie, json })).body as Created
const me = (token: string) => api.request('/api/v1/auth/me', { token })

it('acts with its own role, is shown once, and is kept as a hash alone', async () => {
  const { id, token, details } = await create({ name: 'ci', role: 'operator' })
  expect(token).toMatch(/^strata_[\w-]{43}$/)
  expect(details.prefix).toBe(token.slice(0, 13))
  expect((await me(token)).body).toMatchObject({ user: { username: 'admin', role: 'operator' } })
  expect((await api.request('/api/v1/users', { token })).status).toBe(403)

  const list = await api.request('/api/v1/tokens', { cookie: admin })
  expect(list.body).toMatchObject({
    items: [{ id, name: 'ci', role: 'operator', createdBy: 'admin', expiresAt: null, lastUsedAt: now }],
    nextCursor: null,
  })
  expect(JSON.stringify(list.body)).not.toContain(token)
  for (const file of ['strata.db', 'strata.db-wal'])
    expect((await readFile(join(api.dataDir, file))).includes(token)).toBe(false)
  expect(JSON.stringify(await api.brain.audit.list({ limit: 50 }))).not.toContain(token)
})

it('needs no Origin, and is named in the audit log', async () => {
  const { id, token } = await create({ name: 'ci', role: 'admin' })
  const made = await api.request('/api/v1/users', {
    method: 'POST',
    token,
    headers: { origin: 'https://elsewhere.example' },
    json: { username: 'anna', password: 'a-good-long-password', role: 'viewer' },
  })
  expect(made.status).toBe(201)
  expect((await api.brain.audit.list({ action: 'user.create', limit: 1 })).items[0]).toMatchObject({
    actor: { kind: 'token', id, name: 'ci' },
  })
})

it('ends with its time, with its removal, and with its owner', async () => {
  const short = await create({ name: 'short', role: 'viewer', expiresAt: now + 1_000 })
  expect((await me(short.token)).status).toBe(200)
  now += 1_000
  expect(await me(short.token)).toMatchObject({ status: 401, body: { detail: expect.stringContaining('expired') } })

  const removed = await create({ name: 'removed', role: 'viewer' })
  expect((await api.request(`/api/v1/tokens/${removed.id}`, { method: 'DELETE', cookie: admin })).status).toBe(204)
  expect((await me(removed.token)).status).toBe(401)
  expect((await api.request(`/api/v1/tokens/${removed.id}`, { method: 'DELETE', cookie: admin })).status).toBe(404)

  const { id } = await api.brain.accounts.create({
    username: 'second',
    password: 'a-good-long-password',
    role: 'admin',
  })
  const theirs = await create({ name: 'theirs', role: 'admin' }, await api.signIn('second', 'a-good-long-password'))
  await api.request(`/api/v1/users/${id}`, { method: 'DELETE', cookie: admin })
  expect((await me(theirs.token)).status).toBe(401)
})

it('never has more rights than its owner has now', async () => {
  const { id } = await api.brain.accounts.create({
    username: 'second',
    password: 'a-good-long-password',
    role: 'admin',
  })
  const { token } = await create({ name: 'theirs', role: 'admin' }, await api.signIn('second', 'a-good-long-password'))
  await api.request(`/api/v1/users/${id}`, { method: 'PATCH', cookie: admin, json: { role: 'viewer' } })
  expect((await me(token)).body).toMatchObject({ user: { username: 'second', role: 'viewer' } })
  expect((await api.request('/api/v1/users', { token })).status).toBe(403)
})

it('cannot be made for a stronger role, for the past, or change a password', async () => {
  const principal = {
    actor: { kind: 'user', id: 'x', name: 'x' },
    grants: [{ role: 'operator', scope: { kind: 'all' } }],
    sessionId: 's',
    userId: 'x',
  } as const
  await expect(api.brain.tokens.create(principal, { name: 'up', role: 'admin' })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  })
  const past = await api.request('/api/v1/tokens', {
    method: 'POST',
    cookie: admin,
    json: { name: 'past', role: 'viewer', expiresAt: now - 1 },
  })
  expect(past).toMatchObject({ status: 400, body: { issues: [{ path: 'expiresAt' }] } })
  const { token } = await create({ name: 'ci', role: 'admin' })
  const change = await api.request('/api/v1/auth/password', {
    method: 'POST',
    token,
    json: { current: 'x', next: 'a-good-long-password' },
  })
  expect(change).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
})

it('is given again for the same Idempotency-Key, also after a restart', async () => {
  const ask = (on: ApiServer) =>
    on.request('/api/v1/tokens', {
      method: 'POST',
      cookie: admin,
      json: { name: 'ci', role: 'viewer' },
      headers: { 'idempotency-key': 'once' },
    })
  const first = await ask(api)
  await api.brain.stop()
  const again = await startApiServer({ env: { STRATA_DATA_DIR: api.dataDir } })
  expect((await ask(again)).body).toEqual(first.body)
  expect((await again.brain.tokens.list({ limit: 50 })).items).toHaveLength(1)
  const { token } = first.body as Created
  for (const file of ['strata.db', 'strata.db-wal'])
    expect((await readFile(join(api.dataDir, file))).includes(token)).toBe(false)
  await again.close()
})
