import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { cheapPasswords } from '../../../support/passwords'

let api: ApiServer
const verified = vi.fn(cheapPasswords.verify)
beforeEach(async () => {
  verified.mockClear()
  api = await startApiServer({
    parts: { passwords: { ...cheapPasswords, verify: verified } },
    env: { STRATA_TRUSTED_PROXIES: 'loopback' },
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await api.close()
})

const login = (username: string, password: string, from?: string) =>
  api.request('/api/v1/auth/login', {
    method: 'POST',
    json: { username, password },
    ...(from && { headers: { 'x-forwarded-for': from } }),
  })
const me = (cookie: string) => api.request('/api/v1/auth/me', { cookie })
const lastAudit = async () => (await api.brain.audit.list({ limit: 1 })).items[0]

it('signs in whatever the case of the name, says who is there, and signs out for good', async () => {
  const cookie = await api.signIn(ADMIN.username.toUpperCase(), ADMIN.password)
  expect((await me(cookie)).body).toEqual({
    user: { id: expect.any(String), username: 'admin', role: 'admin', grants: [] },
  })
  expect(await lastAudit()).toMatchObject({
    action: 'auth.login',
    outcome: 'done',
    actor: { kind: 'user', name: 'admin' },
  })

  const out = await api.request('/api/v1/auth/logout', { method: 'POST', cookie })
  expect(out.status).toBe(204)
  expect(out.headers.getSetCookie()[0]).toMatch(/^strata-session=; Max-Age=0/)
  // A copy of the cookie that somebody kept.
  expect(await me(cookie)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
})

it('writes nothing of password or session into database or audit log', async () => {
  const cookie = await api.signIn(ADMIN.username, ADMIN.password)
  const { items } = await api.brain.audit.list({ limit: 500 })
  expect(JSON.stringify(items)).not.toContain(ADMIN.password)
  expect(JSON.stringify(items)).not.toContain(cookie.slice(20, 60))
})

describe('the cookie', () => {
  const cookieFrom = async (headers: Record<string, string> = {}) =>
    (await api.request('/api/v1/auth/login', { method: 'POST', json: ADMIN, headers })).headers.getSetCookie()[0]

  it('is out of reach for scripts and other sites', async () => {
    expect(await cookieFrom()).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('is Secure behind https only, so that a LAN without it can sign in', async () => {
    expect(await cookieFrom()).not.toContain('Secure')
    expect(await cookieFrom({ 'x-forwarded-proto': 'https' })).toContain('Secure')
    const secure = await startApiServer({ env: { STRATA_PUBLIC_URL: 'https://strata.example.org' } })
    const answer = await secure.request('/api/v1/auth/login', { method: 'POST', json: ADMIN })
    expect(answer.headers.getSetCookie()[0]).toContain('Secure')
    await secure.close()
  })

  it('of another brain, damaged, or none at all signs nobody in', async () => {
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    const other = await startApiServer()
    const foreign = await other.signIn(ADMIN.username, ADMIN.password)
    await other.close()
    for (const bad of [foreign, `${cookie.slice(0, -5)}xxxxx`, 'strata-session=', 'strata-session=%%%', 'other=1']) {
      expect((await me(bad)).status, bad).toBe(401)
    }
    expect((await me(cookie)).status).toBe(200)
  })

  it('sets no cookie where nobody signs in or out', async () => {
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    for (const path of ['/healthz', '/api/v1/auth/me', '/api/v1/nowhere']) {
      expect((await api.request(path, { cookie })).headers.getSetCookie()).toEqual([])
    }
  })
})

it('lasts over a restart of the brain, and ends with its time', async () => {
  const cookie = await api.signIn(ADMIN.username, ADMIN.password)
  await api.brain.stop()
  let now = Date.now()
  const clock = { now: () => now, monotonic: () => performance.now() }
  const again = await startApiServer({ env: { STRATA_DATA_DIR: api.dataDir }, parts: { clock } })
  expect((await again.request('/api/v1/auth/me', { cookie })).status).toBe(200)
  now += POLICY.session.lifetimeMs + 1
  expect((await again.request('/api/v1/auth/me', { cookie })).status).toBe(401)
  await again.close()
})

describe('failing to sign in', () => {
  it('says the same for a wrong password and an unknown name, and works as hard', async () => {
    const known = await login(ADMIN.username, 'wrong-password')
    const unknown = await login('nobody-at-all', 'wrong-password')
    expect(known).toMatchObject({ status: 401, body: { code: 'LOGIN_FAILED' } })
    expect({ ...(unknown.body as object), requestId: '' }).toEqual({ ...(known.body as object), requestId: '' })
    expect(verified).toHaveBeenCalledTimes(2)
    expect(await lastAudit()).toMatchObject({
      action: 'auth.login',
      outcome: 'refused',
      actor: { id: null },
      detail: { username: 'nobody-at-all' },
    })
  })

  it('slows down after five, for the right password too, and ends with its time', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    for (let failure = 0; failure < POLICY.login.freeFailures; failure++)
      expect((await login(ADMIN.username, 'wrong')).status).toBe(401)
    const slowed = await login(ADMIN.username, ADMIN.password)
    expect(slowed).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } })
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(verified).toHaveBeenCalledTimes(POLICY.login.freeFailures)

    vi.advanceTimersByTime(POLICY.login.slowdownMs + 1_000)
    expect((await login(ADMIN.username, ADMIN.password)).status).toBe(200)
    expect((await login(ADMIN.username, 'wrong')).status).toBe(401)
  })

  it('counts a hundred at once as a hundred', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => login(ADMIN.username, `wrong-${index}`)))
    expect(answers.filter(answer => answer.status === 401)).toHaveLength(POLICY.login.freeFailures)
    expect(answers.filter(answer => answer.status === 429)).toHaveLength(40 - POLICY.login.freeFailures)
  })

  it('slows down one name from one address, and nobody else', async () => {
    await api.brain.accounts.create({ username: 'anna', password: ADMIN.password, role: 'viewer' })
    for (let failure = 0; failure < POLICY.login.freeFailures; failure++)
      await login(ADMIN.username, 'wrong', '203.0.113.7')
    expect((await login(ADMIN.username, ADMIN.password, '203.0.113.7')).status).toBe(429)
    expect((await login('anna', ADMIN.password, '203.0.113.7')).status).toBe(200)
    expect((await login(ADMIN.username, ADMIN.password, '203.0.113.8')).status).toBe(200)
  })

  it('stops an address that tries name after name', async () => {
    for (let failure = 0; failure < POLICY.login.addressFailures; failure++)
      expect((await login(`name-${failure}`, 'wrong', '203.0.113.9')).status).toBe(401)
    expect((await login(ADMIN.username, ADMIN.password, '203.0.113.9')).status).toBe(429)
  })

  it('starts its count anew with a success', async () => {
    for (let round = 0; round < 3; round++) {
      for (let failure = 0; failure < POLICY.login.freeFailures - 1; failure++)
        expect((await login(ADMIN.username, 'wrong')).status).toBe(401)
      expect((await login(ADMIN.username, ADMIN.password)).status).toBe(200)
    }
  })

  it('lets twenty people sign in at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(ADMIN.username, ADMIN.password)))
    expect(answers.map(answer => answer.status)).toEqual(Array(20).fill(200))
  })
})

describe("one's own password", () => {
  const change = (cookie: string, current: string, next: string) =>
    api.request('/api/v1/auth/password', { method: 'POST', json: { current, next }, cookie })

  it('ends every other session, keeps this one, and takes effect', async () => {
    const here = await api.signIn(ADMIN.username, ADMIN.password)
    const there = await api.signIn(ADMIN.username, ADMIN.password)
    const ended = vi.spyOn(api.brain.panel, 'endSessions')
    expect((await change(here, ADMIN.password, 'another-long-password')).status).toBe(204)
    expect((await me(here)).status).toBe(200)
    expect((await me(there)).status).toBe(401)
    expect(ended).toHaveBeenCalledTimes(1)
    expect((await login(ADMIN.username, ADMIN.password)).status).toBe(401)
    expect((await login(ADMIN.username, 'another-long-password')).status).toBe(200)
  })

  it('needs the present one, and counts wrong ones like a sign-in', async () => {
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    for (let failure = 0; failure < POLICY.login.freeFailures; failure++) {
      expect(await change(cookie, 'wrong', 'another-long-password')).toMatchObject({
        status: 401,
        body: { code: 'LOGIN_FAILED' },
      })
    }
    expect((await change(cookie, ADMIN.password, 'another-long-password')).status).toBe(429)
    expect((await me(cookie)).status).toBe(200)
  })

  it('must not be short', async () => {
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    expect(await change(cookie, ADMIN.password, 'short')).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'next' }] },
    })
  })
})
