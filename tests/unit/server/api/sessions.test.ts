import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Session } from '../../../../shared/schemas/account'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
let admin: string
let pages: Socket[] = []
beforeEach(async () => {
  api = await startApiServer()
  admin = await api.cookieOf('admin')
})
afterEach(async () => {
  for (const page of pages) page.close()
  pages = []
  await api.close()
})

const PASSWORD = 'a-good-long-password'
const me = async (cookie: string) => (await api.request('/api/v1/auth/me', { cookie })).status
const call = (method: string, path: string, cookie = admin, json?: unknown) =>
  api.request(`/api/v1${path}`, { method, cookie, ...(json !== undefined && { json }) })
const sessions = async (cookie: string, path = '/auth/sessions') =>
  ((await call('GET', path, cookie)).body as { items: Session[] }).items

async function open(credentials: { cookie?: string; token?: string }): Promise<Socket> {
  const page = io(`${api.url.origin}/panel`, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    auth: credentials.token ? { token: credentials.token } : {},
    extraHeaders: credentials.cookie ? { cookie: credentials.cookie } : {},
  })
  pages.push(page)
  await new Promise<void>((resolve, reject) => {
    page.once('connect', resolve)
    page.once('connect_error', reject)
  })
  return page
}

/** Milliseconds from the act until the socket is gone. */
async function msUntilGone(page: Socket, act: () => Promise<unknown>): Promise<number> {
  const gone = new Promise(resolve => page.once('disconnect', resolve))
  const began = performance.now()
  await act()
  await gone
  return performance.now() - began
}

it('lists where one is signed in, with what the browser called itself, and marks this one', async () => {
  const login = await api.request('/api/v1/auth/login', {
    method: 'POST',
    json: ADMIN,
    headers: { 'user-agent': `Mozilla/5.0 ${'x'.repeat(400)}` },
  })
  expect(login.status).toBe(200)
  const items = await sessions(admin)
  expect(items).toHaveLength(2)
  expect(items.filter(item => item.current)).toHaveLength(1)
  const other = items.find(item => !item.current)
  expect(other).toMatchObject({ address: '127.0.0.1', userAgent: expect.stringMatching(/^Mozilla\/5\.0 x+$/) })
  expect(other?.userAgent).toHaveLength(300)
  expect(Object.keys(other ?? {})).not.toContain('secretHash')
})

describe('ending a session', () => {
  it('refuses it at once and closes its sockets within a second, and no others', async () => {
    const there = await api.signIn(ADMIN.username, ADMIN.password)
    const [herePage, therePage] = [await open({ cookie: admin }), await open({ cookie: there })]
    const id = (await sessions(there)).find(item => item.current)?.id
    const ms = await msUntilGone(therePage, async () => {
      expect((await call('DELETE', `/auth/sessions/${id}`)).status).toBe(204)
      expect(await me(there)).toBe(401)
    })
    expect(ms).toBeLessThan(1_000)
    expect(herePage.connected).toBe(true)
    expect((await call('DELETE', `/auth/sessions/${id}`)).status).toBe(404)
    expect((await api.brain.audit.list({ action: 'auth.end-session', limit: 9 })).items).toMatchObject([
      { outcome: 'refused' },
      { outcome: 'done', subject: { kind: 'session', id } },
    ])
  })

  it('of all others keeps the one that asks', async () => {
    const others = await Promise.all([1, 2].map(() => api.signIn(ADMIN.username, ADMIN.password)))
    const page = await open({ cookie: others[0] })
    expect(await msUntilGone(page, () => call('DELETE', '/auth/sessions'))).toBeLessThan(1_000)
    expect(await Promise.all([admin, ...others].map(me))).toEqual([200, 401, 401])
  })

  it('is for one’s own alone, and not for tokens', async () => {
    await call('POST', '/users', admin, { username: 'anna', password: PASSWORD, role: 'operator' })
    const anna = await api.signIn('anna', PASSWORD)
    const [adminsId] = (await sessions(admin)).map(item => item.id)
    expect((await call('DELETE', `/auth/sessions/${adminsId}`, anna)).status).toBe(404)
    expect(await me(admin)).toBe(200)
    const { token } = (await call('POST', '/tokens', admin, { name: 't', role: 'admin' })).body as { token: string }
    for (const method of ['GET', 'DELETE'])
      expect((await api.request('/api/v1/auth/sessions', { method, token })).status).toBe(403)
  })
})

describe('an admin', () => {
  let id: string
  let anna: string
  beforeEach(async () => {
    const created = await call('POST', '/users', admin, { username: 'anna', password: PASSWORD, role: 'viewer' })
    id = (created.body as { id: string }).id
    anna = await api.signIn('anna', PASSWORD)
  })

  it('sees the sessions of a user and ends one, or all', async () => {
    const second = await api.signIn('anna', PASSWORD)
    const items = await sessions(admin, `/users/${id}/sessions`)
    expect(items).toHaveLength(2)
    const own = (await sessions(second)).find(item => item.current)?.id
    expect((await call('DELETE', `/users/${id}/sessions/${own}`)).status).toBe(204)
    expect([await me(anna), await me(second)]).toEqual([200, 401])
    const page = await open({ cookie: anna })
    expect(await msUntilGone(page, () => call('DELETE', `/users/${id}/sessions`))).toBeLessThan(1_000)
    expect([await me(anna), await me(admin)]).toEqual([401, 200])
    expect((await call('GET', '/users/nobody/sessions')).status).toBe(404)
  })

  it('disables an account: signed out at once, no way in, tokens refused; and enables it again', async () => {
    await call('PATCH', `/users/${id}`, admin, { role: 'admin' })
    anna = await api.signIn('anna', PASSWORD)
    const { token } = (await call('POST', '/tokens', anna, { name: 't', role: 'viewer' })).body as { token: string }
    const [page, tokenPage] = [await open({ cookie: anna }), await open({ token })]
    const disable = () => call('PATCH', `/users/${id}`, admin, { disabled: true })
    const ms = await Promise.all([msUntilGone(page, disable), msUntilGone(tokenPage, async () => {})])
    expect(Math.max(...ms)).toBeLessThan(1_000)
    expect(await me(anna)).toBe(401)
    expect((await api.request('/api/v1/auth/me', { token })).status).toBe(401)
    const login = (password: string) => call('POST', '/auth/login', '', { username: 'anna', password })
    expect(await login(PASSWORD)).toMatchObject({ status: 403, body: { code: 'ACCOUNT_DISABLED' } })
    // Who does not know the password does not learn that the account is disabled.
    expect(await login('wrong')).toMatchObject({ status: 401, body: { code: 'LOGIN_FAILED' } })
    expect((await call('PATCH', `/users/${id}`, admin, { disabled: false })).body).toMatchObject({ disabledAt: null })
    expect((await login(PASSWORD)).status).toBe(200)
  })

  it('ends the session of an admin who disables the own account', async () => {
    await call('PATCH', `/users/${id}`, admin, { role: 'admin' })
    anna = await api.signIn('anna', PASSWORD)
    expect((await call('PATCH', `/users/${id}`, anna, { disabled: true })).status).toBe(200)
    expect(await me(anna)).toBe(401)
    expect(await me(admin)).toBe(200)
  })

  it('cannot disable the last admin who can sign in', async () => {
    const { user } = (await call('GET', '/auth/me')).body as { user: { id: string } }
    expect((await call('PATCH', `/users/${user.id}`, admin, { disabled: true })).body).toMatchObject({
      code: 'LAST_ADMIN',
    })
    await call('PATCH', `/users/${id}`, admin, { role: 'admin' })
    await call('PATCH', `/users/${id}`, admin, { disabled: true })
    expect((await call('PATCH', `/users/${user.id}`, admin, { role: 'viewer' })).body).toMatchObject({
      code: 'LAST_ADMIN',
    })
    expect((await call('DELETE', `/users/${user.id}`)).body).toMatchObject({ code: 'LAST_ADMIN' })
  })

  it('removes a token: its sockets close within a second', async () => {
    const made = (await call('POST', '/tokens', admin, { name: 't', role: 'viewer' })).body as {
      id: string
      token: string
    }
    const [page, adminsPage] = [await open({ token: made.token }), await open({ cookie: admin })]
    expect(await msUntilGone(page, () => call('DELETE', `/tokens/${made.id}`))).toBeLessThan(1_000)
    expect(adminsPage.connected).toBe(true)
  })
})
