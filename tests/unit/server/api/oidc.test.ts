import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { startIssuer } from '../../../support/oidc-issuer'
import type { Issuer, Person } from '../../../support/oidc-issuer'
import { cookieBrowser } from '../../../support/oidc-sign-in'

const PUBLIC = new URL('http://strata.test')
const CALLBACK = '/api/v1/auth/oidc/callback'
const ANNA: Person = { sub: 'a1', preferred_username: 'anna', email: 'anna@example.org', groups: ['staff', 'ops'] }

let issuer: Issuer
let api: ApiServer
let now = 0

const envOf = (of: Pick<Issuer, 'url' | 'clientId' | 'clientSecret'>) => ({
  STRATA_PUBLIC_URL: PUBLIC.origin,
  STRATA_OIDC_ISSUER: of.url.origin,
  STRATA_OIDC_CLIENT_ID: of.clientId,
  STRATA_OIDC_CLIENT_SECRET: of.clientSecret,
  STRATA_OIDC_NAME: 'Example ID',
  STRATA_OIDC_ROLE_CLAIM: 'groups',
  STRATA_OIDC_ADMIN_VALUES: 'root',
  STRATA_OIDC_OPERATOR_VALUES: 'ops',
  STRATA_OIDC_VIEWER_VALUES: 'guests',
})

beforeEach(async () => {
  issuer = await startIssuer([`${PUBLIC.origin}${CALLBACK}`], ANNA)
  now = Date.now()
  const clock = { now: () => now, monotonic: () => performance.now() }
  api = await startApiServer({ env: { ...envOf(issuer), STRATA_LOG_LEVEL: 'silent' }, parts: { clock } })
})
afterEach(async () => {
  await api.close()
  await issuer.close()
})

const isPublic = (url: URL) => url.origin === PUBLIC.origin
/** The public address leads to the server of the test. */
const here = (url: URL) => new URL(`${url.pathname}${url.search}`, api.url)
const startUrl = (returnTo?: string) =>
  new URL(`/api/v1/auth/oidc/start${returnTo === undefined ? '' : `?${new URLSearchParams({ returnTo })}`}`, api.url)

/** Up to the answer of the issuer, not yet shown to the brain. */
async function reachAnswer(browser = cookieBrowser(), returnTo?: string) {
  return { browser, answer: here(await browser.follow(startUrl(returnTo), isPublic)) }
}

async function signIn(person: Person = issuer.person, returnTo?: string) {
  issuer.person = person
  const { browser, answer } = await reachAnswer(cookieBrowser(), returnTo)
  const { next } = await browser.go(answer)
  const cookie = browser.cookie(api.url, 'strata-session')
  return { browser, answer, next, cookie: cookie && `strata-session=${cookie}` }
}

const me = async (cookie: string | undefined) => (await api.request('/api/v1/auth/me', cookie ? { cookie } : {})).body
const lastAudit = async () => (await api.brain.audit.list({ limit: 1 })).items[0]
const problemOf = (url: URL | undefined) => url?.pathname === '/login' && url.searchParams.get('problem')
const people = async () => (await api.brain.accounts.list({ limit: 100 })).items

it('signs in with a role from the claim, and goes where the person wanted to', async () => {
  const { next, cookie } = await signIn(ANNA, '/instances?state=RUNNING')
  expect(next?.pathname).toBe('/instances')
  expect(next?.search).toBe('?state=RUNNING')
  expect(await me(cookie)).toMatchObject({ user: { username: 'anna', role: 'operator' } })
  expect(await lastAudit()).toMatchObject({
    action: 'auth.login',
    outcome: 'done',
    actor: { name: 'anna' },
    detail: { issuer: issuer.url.origin },
  })
  expect((await people()).find(user => user.username === 'anna')).toMatchObject({ issuer: issuer.url.origin })
})

it('offers what there is', async () => {
  expect((await api.request('/api/v1/auth/ways')).body).toEqual({ local: true, oidc: { name: 'Example ID' } })
})

it('knows people by issuer and subject: neither name nor address of mail takes an account over', async () => {
  await api.brain.accounts.create({ username: 'anna', password: ADMIN.password, role: 'admin' })
  const { cookie } = await signIn(ANNA)
  expect(await me(cookie)).toMatchObject({ user: { username: 'anna-2', role: 'operator' } })
  const impostor = await signIn({ ...ANNA, sub: 'b2', preferred_username: 'admin', groups: ['guests'] })
  expect(await me(impostor.cookie)).toMatchObject({ user: { username: 'admin-2', role: 'viewer' } })
  // And the same person under another name stays the same account.
  const again = await signIn({ ...ANNA, preferred_username: 'anna.renamed' })
  expect(await me(again.cookie)).toMatchObject({ user: { username: 'anna-2' } })
  expect(await people()).toHaveLength(4)
})

it('reads the role anew each time; without one the way is closed and what was open ends', async () => {
  const { cookie } = await signIn(ANNA)
  const promoted = await signIn({ ...ANNA, groups: ['root'] })
  expect(await me(promoted.cookie)).toMatchObject({ user: { role: 'admin' } })
  expect(await me(cookie)).toMatchObject({ user: { role: 'admin' } })

  const without = await signIn({ ...ANNA, groups: [] })
  expect(problemOf(without.next)).toBe('OIDC_NO_ROLE')
  expect(without.cookie).toBeUndefined()
  expect(await me(cookie)).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(await lastAudit()).toMatchObject({
    action: 'auth.login',
    outcome: 'refused',
    detail: { code: 'OIDC_NO_ROLE' },
  })
})

it('makes no account for somebody without a role', async () => {
  const { next } = await signIn({ sub: 'nobody', groups: ['staff'] })
  expect(problemOf(next)).toBe('OIDC_NO_ROLE')
  expect(await people()).toHaveLength(1)
})

it('keeps an admin with a password: the issuer may be away one day', async () => {
  const { cookie } = await signIn({ ...ANNA, groups: ['root'] })
  const admin = (await people()).find(user => user.username === ADMIN.username)
  const answer = await api.request(`/api/v1/users/${admin?.id}`, { method: 'DELETE', cookie: cookie ?? '' })
  expect(answer).toMatchObject({ status: 409, body: { code: 'LAST_ADMIN' } })
})

it('has no password, and its role is not changed here', async () => {
  const { cookie = '' } = await signIn(ANNA)
  const anna = (await people()).find(user => user.username === 'anna')
  const admin = await api.cookieOf('admin')
  for (const json of [{ password: 'a-long-password' }, { role: 'admin' }])
    expect(await api.request(`/api/v1/users/${anna?.id}`, { method: 'PATCH', json, cookie: admin })).toMatchObject({
      status: 409,
      body: { code: 'CONFLICT' },
    })
  for (const password of ['', ' ', 'anna'])
    expect(
      (await api.request('/api/v1/auth/login', { method: 'POST', json: { username: 'anna', password } })).status,
    ).not.toBe(200)
  expect(
    await api.request('/api/v1/auth/password', {
      method: 'POST',
      json: { current: 'x', next: 'a-long-password' },
      cookie,
    }),
  ).toMatchObject({ status: 409 })

  await api.request(`/api/v1/users/${anna?.id}`, { method: 'PATCH', json: { disabled: true }, cookie: admin })
  expect(await me(cookie)).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(problemOf((await signIn(ANNA)).next)).toBe('ACCOUNT_DISABLED')
})

describe('an answer that is not this browser’s own', () => {
  it('is worth nothing in another browser: nobody is signed in with an account of somebody else', async () => {
    const { answer } = await reachAnswer()
    const victim = cookieBrowser()
    expect(problemOf((await victim.go(answer)).next)).toBe('OIDC_REFUSED')
    // Also when the victim is on its own way to the issuer.
    await victim.go(startUrl())
    expect(problemOf((await victim.go(answer)).next)).toBe('OIDC_REFUSED')
    expect(victim.cookie(api.url, 'strata-session')).toBeUndefined()
  })

  it('works once, even with the note kept', async () => {
    const { browser, answer } = await reachAnswer()
    const note = browser.cookie(api.url, 'strata-oidc') ?? ''
    expect((await browser.go(answer)).next?.pathname).toBe('/')
    expect(browser.cookie(api.url, 'strata-oidc')).toBeUndefined()
    browser.setCookie(api.url, 'strata-oidc', note)
    expect(problemOf((await browser.go(answer)).next)).toBe('OIDC_REFUSED')
  })

  it('with another state, another code, or a note that somebody wrote is refused', async () => {
    const changes: ((answer: URL) => void)[] = [
      answer => answer.searchParams.set('state', 'another'),
      answer => answer.searchParams.set('code', 'another'),
      answer => answer.searchParams.delete('code'),
      answer => answer.searchParams.set('iss', 'https://another.example.org'),
      answer => answer.searchParams.delete('iss'),
      answer => answer.searchParams.set('error', 'access_denied'),
    ]
    for (const change of changes) {
      const { browser, answer } = await reachAnswer()
      change(answer)
      // Counted like wrong passwords: each as if from a time of its own.
      expect(['OIDC_REFUSED', 'TOO_MANY_REQUESTS'], String(change)).toContain(
        problemOf((await browser.go(answer)).next),
      )
      expect(browser.cookie(api.url, 'strata-session')).toBeUndefined()
    }
    const { browser, answer } = await reachAnswer()
    browser.setCookie(api.url, 'strata-oidc', 'v1.AAAA')
    expect(problemOf((await browser.go(answer)).next)).toBe('OIDC_REFUSED')
    expect(await people()).toHaveLength(1)
  })

  it('comes too late after a quarter of an hour', async () => {
    const { browser, answer } = await reachAnswer()
    now += POLICY.oidc.signInMs + 1
    expect(problemOf((await browser.go(answer)).next)).toBe('OIDC_REFUSED')
  })
})

it.each([
  'https://evil.example.org/',
  '//evil.example.org',
  '/\\evil.example.org',
  '/login?returnTo=//evil',
  'javascript:1',
])('goes home, not to %s', async wanted => {
  const { next } = await signIn(ANNA, wanted)
  expect(next?.href).toBe(new URL('/', api.url).href)
})

it('lasts a day, not a month', async () => {
  const { cookie } = await signIn(ANNA)
  now += POLICY.oidc.sessionMs + 1
  expect(await me(cookie)).toMatchObject({ code: 'UNAUTHENTICATED' })
})

it('writes neither code nor secret into the audit log', async () => {
  const { answer } = await signIn(ANNA)
  const all = JSON.stringify(await api.brain.audit.list({ limit: 500 }))
  expect(all).not.toContain(answer.searchParams.get('code'))
  expect(all).not.toContain(issuer.clientSecret)
})

describe('where passwords are not taken', () => {
  it('refuses them in words, ends what they opened, and takes them again when told to', async () => {
    const before = await api.cookieOf('admin')
    await api.brain.stop()
    const env = { ...envOf(issuer), STRATA_DATA_DIR: api.dataDir, STRATA_LOG_LEVEL: 'silent' }
    const off = await startApiServer({ env: { ...env, STRATA_LOCAL_SIGN_IN: 'off' } })
    expect((await off.request('/api/v1/auth/me', { cookie: before })).status).toBe(401)
    expect((await off.request('/api/v1/auth/ways')).body).toMatchObject({ local: false })
    expect(await off.request('/api/v1/auth/login', { method: 'POST', json: ADMIN })).toMatchObject({
      status: 403,
      body: { code: 'LOCAL_SIGN_IN_OFF' },
    })
    await off.close()
    const on = await startApiServer({ env })
    await on.signIn(ADMIN.username, ADMIN.password)
    await on.close()
  })
})

it('waits for the set-up: the first admin has a password', async () => {
  const empty = await startApiServer({
    env: { ...envOf(issuer), STRATA_ADMIN_USER: '', STRATA_ADMIN_PASSWORD: '', STRATA_LOG_LEVEL: 'silent' },
  })
  issuer.person = { ...ANNA, groups: ['root'] }
  const browser = cookieBrowser()
  const back = await browser.follow(new URL('/api/v1/auth/oidc/start', empty.url), isPublic)
  const { next } = await browser.go(new URL(`${back.pathname}${back.search}`, empty.url))
  expect(problemOf(next)).toBe('OIDC_NO_ROLE')
  expect((await empty.brain.accounts.list({ limit: 10 })).items).toEqual([])
  await empty.close()
})

it('starts while the issuer is away, and says so when somebody presses', async () => {
  const port = await freePort()
  const url = new URL(`http://127.0.0.1:${port}`)
  const away = await startApiServer({ env: { ...envOf({ ...issuer, url }), STRATA_LOG_LEVEL: 'silent' } })
  const answer = await away.request('/api/v1/auth/oidc/start?returnTo=/nodes')
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe('/login?problem=OIDC_UNAVAILABLE&returnTo=%2Fnodes')
  await away.close()
})

it('is not there without settings', async () => {
  const plain = await startApiServer()
  expect((await plain.request('/api/v1/auth/ways')).body).toEqual({ local: true, oidc: null })
  expect((await plain.request('/api/v1/auth/oidc/start')).status).toBe(404)
  await plain.close()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
