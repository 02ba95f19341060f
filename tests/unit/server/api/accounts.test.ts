import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
let admin: string
beforeEach(async () => {
  api = await startApiServer()
  admin = await api.cookieOf('admin')
})
afterEach(() => api.close())

const PASSWORD = 'a-good-long-password'
const users = (method: string, path = '', json?: unknown) =>
  api.request(`/api/v1/users${path}`, { method, cookie: admin, ...(json !== undefined && { json }) })
const create = async (username: string, role: string) =>
  (await users('POST', '', { username, password: PASSWORD, role })).body as { id: string }
const me = (cookie: string) => api.request('/api/v1/auth/me', { cookie })
const adminId = async () => ((await me(admin)).body as { user: { id: string } }).user.id

it('lists, page by page, and never shows a hash', async () => {
  for (const name of ['anna', 'bert', 'carl']) await create(name, 'viewer')
  const first = (await users('GET', '?limit=3')).body as { items: { username: string }[]; nextCursor: string }
  const second = (await users('GET', `?limit=3&cursor=${first.nextCursor}`)).body as typeof first
  expect([...first.items, ...second.items].map(user => user.username)).toEqual(['admin', 'anna', 'bert', 'carl'])
  expect(second.nextCursor).toBeNull()
  expect(Object.keys(first.items[0] ?? {}).sort()).toEqual([
    'createdAt',
    'disabledAt',
    'grants',
    'id',
    'issuer',
    'lastLoginAt',
    'role',
    'totp',
    'username',
  ])
})

it('refuses a name that is taken, in whatever case', async () => {
  await create('anna', 'viewer')
  expect(await users('POST', '', { username: 'ANNA', password: PASSWORD, role: 'viewer' })).toMatchObject({
    status: 409,
    body: { code: 'NAME_TAKEN' },
  })
})

describe('a change', () => {
  it('of the role takes effect at once and ends the sessions', async () => {
    const { id } = await create('anna', 'operator')
    const cookie = await api.signIn('anna', PASSWORD)
    const ended = vi.spyOn(api.brain.panel, 'endSessions')
    expect(await users('PATCH', `/${id}`, { role: 'viewer' })).toMatchObject({
      status: 200,
      body: { id, role: 'viewer' },
    })
    expect((await me(cookie)).status).toBe(401)
    expect(ended).toHaveBeenCalledWith({ userId: id })
    expect((await me(await api.signIn('anna', PASSWORD))).body).toMatchObject({ user: { role: 'viewer' } })
    expect((await api.brain.audit.list({ action: 'user.change', limit: 1 })).items[0]).toMatchObject({
      subject: { kind: 'user', id },
      detail: { old: { role: 'operator' }, new: { role: 'viewer' } },
    })
  })

  it('of the password ends the sessions and the old password', async () => {
    const { id } = await create('anna', 'viewer')
    const cookie = await api.signIn('anna', PASSWORD)
    await users('PATCH', `/${id}`, { password: 'a-new-long-password' })
    expect((await me(cookie)).status).toBe(401)
    await expect(api.signIn('anna', PASSWORD)).rejects.toThrow('401')
    await api.signIn('anna', 'a-new-long-password')
  })

  it('of oneself keeps the session one asks with', async () => {
    expect((await users('PATCH', `/${await adminId()}`, { password: 'a-new-long-password' })).status).toBe(200)
    expect((await me(admin)).status).toBe(200)
  })

  it('of nobody is 404, of nothing changes nothing', async () => {
    expect(await users('PATCH', '/nobody', { role: 'viewer' })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    })
    expect(await users('DELETE', '/nobody')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })
})

describe('the last admin', () => {
  it('stays an admin', async () => {
    const id = await adminId()
    expect(await users('PATCH', `/${id}`, { role: 'viewer' })).toMatchObject({
      status: 409,
      body: { code: 'LAST_ADMIN' },
    })
    expect(await users('DELETE', `/${id}`)).toMatchObject({ status: 409, body: { code: 'LAST_ADMIN' } })
    expect((await me(admin)).body).toMatchObject({ user: { role: 'admin' } })
  })

  it('remains when all of them are demoted and removed at once', async () => {
    const others = await Promise.all(['anna', 'bert', 'carl'].map(name => create(name, 'admin')))
    const ids = [...others.map(user => user.id), await adminId()]
    await Promise.all(ids.flatMap(id => [users('PATCH', `/${id}`, { role: 'viewer' }), users('DELETE', `/${id}`)]))
    const { items } = await api.brain.accounts.list({ limit: 50 })
    expect(items.filter(user => user.role === 'admin').length).toBeGreaterThanOrEqual(1)
  })
})

it('removes an account with its sessions', async () => {
  const { id } = await create('anna', 'operator')
  const cookie = await api.signIn('anna', PASSWORD)
  expect((await users('DELETE', `/${id}`)).status).toBe(204)
  expect((await me(cookie)).status).toBe(401)
  await expect(api.signIn('anna', PASSWORD)).rejects.toThrow('401')
  expect((await api.brain.audit.list({ action: 'user.remove', limit: 1 })).items[0]).toMatchObject({
    subject: { id },
    detail: { old: { username: 'anna', role: 'operator' } },
  })
})

it('signs nobody in whose password was changed while it was checked', async () => {
  const { id } = await create('anna', 'viewer')
  const user = { ...(await api.brain.accounts.find(id)), passwordHash: 'the old one', grants: [], hasTotp: false }
  await expect(api.brain.sessions.open(user, { address: '127.0.0.1', userAgent: null })).rejects.toMatchObject({
    code: 'LOGIN_FAILED',
  })
})
