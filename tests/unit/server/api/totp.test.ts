import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { recoveryCodesAnswer, totpEnrolment } from '../../../../shared/schemas/sign-in'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

const PERIOD = POLICY.totp.periodSeconds * 1_000
let api: ApiServer
let now = 0
let monotonic = 0
const clock = { now: () => now, monotonic: () => monotonic }

beforeEach(async () => {
  now = Date.now()
  monotonic = 0
  api = await startApiServer({ parts: { clock } })
})
afterEach(() => api.close())

const post = (path: string, json: unknown, cookie?: string) =>
  api.request(`/api/v1/auth/${path}`, { method: 'POST', json, ...(cookie && { cookie }) })
const codeOf = (secret: string, at = now) => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at })
const me = async (cookie: string) => (await api.request('/api/v1/auth/me', { cookie })).status
const lastAudit = async () => (await api.brain.audit.list({ limit: 1 })).items[0]

/** Sets codes up for the admin; the step of confirming is used up, so the clock goes on to the next one. */
async function enrol(cookie?: string) {
  const session = cookie ?? (await api.signIn(ADMIN.username, ADMIN.password))
  const enrolment = totpEnrolment.parse((await post('totp/enrol', { password: ADMIN.password }, session)).body)
  const confirmed = await post('totp/confirm', { code: codeOf(enrolment.secret) }, session)
  const { recoveryCodes } = recoveryCodesAnswer.parse(confirmed.body)
  now += PERIOD
  return { ...enrolment, recoveryCodes, cookie: session }
}

async function challenge(): Promise<string> {
  const answer = await post('login', ADMIN)
  expect(answer).toMatchObject({ status: 401, body: { code: 'TOTP_NEEDED', challenge: expect.any(String) } })
  return (answer.body as { challenge: string }).challenge
}
const second = async (code: string) => post('login/totp', { challenge: await challenge(), code })

it('signs in with password and code', async () => {
  const { secret, uri } = await enrol()
  expect(uri).toMatch(/^otpauth:\/\/totp\/Strata:admin\?issuer=Strata&secret=/)
  const answer = await second(codeOf(secret))
  expect(answer).toMatchObject({ status: 200, body: { user: { username: 'admin' } } })
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect(await me(cookie)).toBe(200)
  expect(await lastAudit()).toMatchObject({ action: 'auth.login', outcome: 'done', detail: { by: 'app' } })
})

it('gives no session for the password alone', async () => {
  await enrol()
  expect((await post('login', ADMIN)).headers.getSetCookie()).toEqual([])
})

it('takes each time step once, and none that is older than a used one', async () => {
  const { secret } = await enrol()
  const code = codeOf(secret)
  expect((await second(code)).status).toBe(200)
  expect(await second(code)).toMatchObject({ status: 401, body: { code: 'TOTP_WRONG' } })
  expect((await second(codeOf(secret, now - PERIOD))).status).toBe(401)
  now += PERIOD
  expect((await second(codeOf(secret))).status).toBe(200)
})

it('does not take the code that confirmed the set-up for a sign-in', async () => {
  const { secret } = await enrol()
  now -= PERIOD
  expect((await second(codeOf(secret))).status).toBe(401)
})

it('takes one of two requests that bring the same code at the same time', async () => {
  const { secret, recoveryCodes } = await enrol()
  for (const code of [codeOf(secret), recoveryCodes[0] ?? '']) {
    const challenges = [await challenge(), await challenge()]
    const answers = await Promise.all(challenges.map(proof => post('login/totp', { challenge: proof, code })))
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 401])
  }
})

it('takes codes of clocks that are half a minute off, and not of those further away', async () => {
  const { secret } = await enrol()
  now += 10 * PERIOD
  expect((await second(codeOf(secret, now - 2 * PERIOD))).status).toBe(401)
  expect((await second(codeOf(secret, now + 2 * PERIOD))).status).toBe(401)
  expect((await second(codeOf(secret, now - PERIOD))).status).toBe(200)
  expect((await second(codeOf(secret, now + PERIOD))).status).toBe(200)
})

describe('recovery codes', () => {
  it('are ten, and work once each, however they are typed', async () => {
    const { recoveryCodes, cookie } = await enrol()
    expect(new Set(recoveryCodes).size).toBe(10)
    const [first = '', other = ''] = recoveryCodes
    expect((await second(first)).status).toBe(200)
    expect((await second(first)).status).toBe(401)
    expect((await second(` ${other.toUpperCase().replaceAll('-', ' ')} `)).status).toBe(200)
    expect((await api.request('/api/v1/auth/totp', { cookie })).body).toMatchObject({ recoveryCodesLeft: 8 })
  })

  it('are replaced as a whole', async () => {
    const { secret, recoveryCodes, cookie } = await enrol()
    const answer = await post('totp/recovery-codes', { code: codeOf(secret) }, cookie)
    const renewed = recoveryCodesAnswer.parse(answer.body).recoveryCodes
    expect((await second(recoveryCodes[0] ?? '')).status).toBe(401)
    expect((await second(renewed[0] ?? '')).status).toBe(200)
  })
})

describe('guessing', () => {
  it('is slowed down per account, also with a new proof of the password each time', async () => {
    const { secret } = await enrol()
    const statuses: number[] = []
    for (let guess = 0; guess <= POLICY.login.freeFailures; guess++) statuses.push((await second('000000')).status)
    expect(statuses).toEqual([...Array<number>(POLICY.login.freeFailures).fill(401), 429])
    expect((await second(codeOf(secret))).status).toBe(429)
  })

  it('ends with the challenge, which is good for one sign-in and some minutes', async () => {
    const { secret } = await enrol()
    const used = await challenge()
    expect((await post('login/totp', { challenge: used, code: codeOf(secret) })).status).toBe(200)
    now += PERIOD
    expect((await post('login/totp', { challenge: used, code: codeOf(secret) })).status).toBe(401)
    expect((await post('login/totp', { challenge: 'made-up', code: codeOf(secret) })).status).toBe(401)
    const old = await challenge()
    monotonic += POLICY.totp.challengeMs + 1
    expect((await post('login/totp', { challenge: old, code: codeOf(secret) })).status).toBe(401)
  })

  it('is not helped by a challenge from before a change of the password', async () => {
    const { secret, cookie } = await enrol()
    const before = await challenge()
    await post('password', { current: ADMIN.password, next: 'another-long-password' }, cookie)
    expect((await post('login/totp', { challenge: before, code: codeOf(secret) })).status).toBe(401)
  })
})

describe('setting up', () => {
  it('asks for the password, and changes nothing before a code of the new secret came back', async () => {
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    expect((await post('totp/enrol', { password: 'wrong' }, cookie)).status).toBe(401)
    expect((await post('totp/confirm', { code: '123456' }, cookie)).status).toBe(409)
    const { secret } = totpEnrolment.parse((await post('totp/enrol', { password: ADMIN.password }, cookie)).body)
    expect((await post('totp/confirm', { code: codeOf(secret, now - 10 * PERIOD) }, cookie)).status).toBe(401)
    expect((await post('login', ADMIN)).status).toBe(200)
  })

  it('ends the other sessions and keeps this one', async () => {
    const there = await api.signIn(ADMIN.username, ADMIN.password)
    const { cookie } = await enrol()
    expect([await me(there), await me(cookie)]).toEqual([401, 200])
  })

  it('is undone with a code', async () => {
    const { secret, cookie } = await enrol()
    expect((await post('totp/remove', { code: '000000' }, cookie)).status).toBe(401)
    expect((await post('totp/remove', { code: codeOf(secret) }, cookie)).status).toBe(204)
    expect((await post('login', ADMIN)).status).toBe(200)
  })

  it('stores and tells no secret', async () => {
    const { secret, recoveryCodes } = await enrol()
    await second(recoveryCodes[0] ?? '')
    await second('654321')
    const all = JSON.stringify(await api.brain.audit.list({ limit: 500 }))
    for (const word of [secret, '654321', ...recoveryCodes]) expect(all).not.toContain(word)
  })
})

it('is reset by an admin, which ends the sessions', async () => {
  const { cookie } = await enrol()
  const { id } = await api.brain.accounts.create({ username: 'other', password: ADMIN.password, role: 'admin' })
  const other = await api.signIn('other', ADMIN.password)
  const [admin] = (await api.brain.accounts.list({ limit: 5 })).items.filter(user => user.totp)
  const reset = () => api.request(`/api/v1/users/${admin?.id}/totp`, { method: 'DELETE', cookie: other })
  expect((await reset()).status).toBe(204)
  expect(await lastAudit()).toMatchObject({ action: 'user.totp.reset', actor: { id }, subject: { id: admin?.id } })
  expect(await me(cookie)).toBe(401)
  expect((await reset()).status).toBe(409)
  await api.signIn(ADMIN.username, ADMIN.password)
})

describe('where codes are required of admins', () => {
  beforeEach(async () => {
    await api.close()
    api = await startApiServer({ parts: { clock }, env: { STRATA_TOTP_REQUIRED: 'admins' } })
  })

  it('an admin without them may set them up, and nothing else', async () => {
    const answer = await post('login', ADMIN)
    expect(answer.body).toMatchObject({ mustAddTotp: true })
    const cookie = await api.signIn(ADMIN.username, ADMIN.password)
    for (const path of ['nodes', 'users', 'status'])
      expect(await api.request(`/api/v1/${path}`, { cookie })).toMatchObject({
        status: 403,
        body: { code: 'TOTP_MISSING' },
      })
    expect((await api.request('/api/v1/auth/me', { cookie })).body).toMatchObject({ mustAddTotp: true })

    const { secret } = await enrol(cookie)
    expect((await api.request('/api/v1/nodes', { cookie })).status).toBe(200)
    expect(await post('totp/remove', { code: codeOf(secret) }, cookie)).toMatchObject({ status: 409 })
  })

  it('others need none', async () => {
    const cookie = await api.cookieOf('operator').catch(() => '')
    expect((await api.request('/api/v1/nodes', { cookie })).status).toBe(200)
  })
})
