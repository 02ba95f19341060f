import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { startForgingIssuer } from '../../../support/forging-issuer'
import type { Forgery } from '../../../support/forging-issuer'
import { cookieBrowser } from '../../../support/oidc-sign-in'

const PUBLIC = 'http://strata.test'
const HOUR = 3_600
const seconds = () => Math.floor(Date.now() / 1_000)

let issuer: Awaited<ReturnType<typeof startForgingIssuer>>
let api: ApiServer
beforeAll(async () => {
  issuer = await startForgingIssuer('strata')
})
afterAll(() => issuer.close())

async function signInWith(forgery: Forgery): Promise<string> {
  issuer.forgery = forgery
  api = await startApiServer({
    env: {
      STRATA_PUBLIC_URL: PUBLIC,
      STRATA_OIDC_ISSUER: issuer.url.origin,
      STRATA_OIDC_CLIENT_ID: 'strata',
      STRATA_OIDC_DEFAULT_ROLE: 'viewer',
      STRATA_LOG_LEVEL: 'silent',
    },
  })
  try {
    const browser = cookieBrowser()
    const start = new URL('/api/v1/auth/oidc/start', api.url)
    const away = (await browser.go(start)).next
    if (away?.origin !== issuer.url.origin) return away?.searchParams.get('problem') ?? 'nowhere'
    const back = await browser.follow(away, url => url.origin === PUBLIC)
    const { next } = await browser.go(new URL(`${back.pathname}${back.search}`, api.url))
    const { items } = await api.brain.accounts.list({ limit: 10 })
    const problem = next?.searchParams.get('problem')
    // Nobody is made for a token that was refused.
    return problem ? `${problem} ${items.length}` : `${next?.pathname} ${items.length}`
  } finally {
    await api.close()
  }
}

it('takes an honest token', async () => {
  expect(await signInWith({})).toBe('/ 2')
})

it.each<[string, () => Forgery]>([
  ['another nonce', () => ({ claims: { nonce: 'another' } })],
  ['no nonce', () => ({ claims: { nonce: undefined } })],
  ['another client', () => ({ claims: { aud: 'another' } })],
  ['several clients without saying whose it is', () => ({ claims: { aud: ['strata', 'another'] } })],
  ['another issuer', () => ({ claims: { iss: 'https://another.example.org' } })],
  ['a time that is over', () => ({ claims: { exp: seconds() - HOUR, iat: seconds() - 2 * HOUR } })],
  ['a time that has not begun', () => ({ claims: { nbf: seconds() + HOUR } })],
  ['no subject', () => ({ claims: { sub: undefined } })],
  ['the signature of a stranger', () => ({ strangersKey: true })],
  ['no signature', () => ({ unsigned: true })],
])('refuses a token with %s', async (_what, forge) => {
  expect(await signInWith(forge())).toBe('OIDC_REFUSED 1')
})

it('takes a token of a clock that is a little slow', async () => {
  expect(await signInWith({ claims: { exp: seconds() - 10 } })).toBe('/ 2')
})

it('does not go to an issuer that calls itself something else', async () => {
  expect(await signInWith({ issuer: 'https://another.example.org' })).toBe('OIDC_UNAVAILABLE')
})
