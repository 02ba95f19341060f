import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LauncherMessage } from '../../../../server/brain/launcher-link'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

const NOBODY = { STRATA_ADMIN_USER: undefined, STRATA_ADMIN_PASSWORD: undefined }
const FIRST = { username: 'first', password: 'a-password-of-mine' }

let told: LauncherMessage[]
const launcher = { present: true, tell: (message: LauncherMessage) => void told.push(message) }
let api: ApiServer
beforeEach(async () => {
  told = []
  api = await startApiServer({ env: NOBODY, parts: { launcher } })
})
afterEach(() => api.close())

const setUp = (json: unknown, on = api) => on.request('/api/v1/setup', { method: 'POST', json })
function link(): URL {
  const message = told.findLast(one => one.type === 'setup')
  if (!message?.url) throw new Error('no set-up link was told')
  return new URL(message.url)
}
const secret = () => link().searchParams.get('token') ?? ''

it('makes the first admin by the link, once, and signs them in', async () => {
  expect(link().pathname).toBe('/setup')
  expect(link().origin).toBe(api.url.origin)
  expect(told.at(-1)).toEqual({ type: 'listening', url: api.url.href })
  expect((await api.request('/api/v1/setup')).body).toEqual({ needed: true })

  const token = secret()
  const answer = await setUp({ token, ...FIRST })
  expect(answer).toMatchObject({ status: 201, body: { user: { username: 'first', role: 'admin' } } })
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect((await api.request('/api/v1/users', { cookie })).status).toBe(200)

  expect((await api.request('/api/v1/setup')).body).toEqual({ needed: false })
  expect(await setUp({ token, ...FIRST, username: 'second' })).toMatchObject({
    status: 404,
    body: { code: 'NOT_FOUND' },
  })
  // What is gone is gone, whatever is sent to it.
  expect(await setUp({})).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  expect((await api.brain.audit.list({ action: 'setup', outcome: 'done', limit: 5 })).items).toMatchObject([
    { actor: { name: 'first' } },
  ])
})

it('refuses another secret, and slows down who tries many', async () => {
  for (let failure = 0; failure < 5; failure++) expect((await setUp({ token: 'made-up', ...FIRST })).status).toBe(401)
  expect((await setUp({ token: secret(), ...FIRST })).status).toBe(429)
})

it('makes one admin of ten that ask at once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => setUp({ token: secret(), ...FIRST, username: `first-${index}` })),
  )
  expect(answers.filter(answer => answer.status === 201)).toHaveLength(1)
  expect((await api.brain.accounts.list({ limit: 50 })).items).toHaveLength(1)
})

it('refuses a short password and a name with odd letters', async () => {
  const answer = await setUp({ token: secret(), username: 'a b', password: 'short' })
  expect(answer).toMatchObject({ status: 400, body: { issues: [{ path: 'username' }, { path: 'password' }] } })
})

it('prints a new link at each start, and the old one is worth nothing', async () => {
  const old = secret()
  await api.brain.stop()
  const again = await startApiServer({
    env: { ...NOBODY, STRATA_DATA_DIR: api.dataDir, STRATA_PUBLIC_URL: 'https://strata.example.org' },
    parts: { launcher },
  })
  expect(link().origin).toBe('https://strata.example.org')
  expect((await setUp({ token: old, ...FIRST }, again)).status).toBe(401)
  expect((await setUp({ token: secret(), ...FIRST }, again)).status).toBe(201)
  await again.close()
})

it('takes the admin of the settings on the first start only', async () => {
  await setUp({ token: secret(), ...FIRST })
  await api.brain.stop()
  const env = { STRATA_DATA_DIR: api.dataDir, STRATA_ADMIN_USER: 'late', STRATA_ADMIN_PASSWORD: 'late-password-late' }
  const again = await startApiServer({ env, parts: { launcher } })
  expect(told.findLast(message => message.type === 'setup')).toEqual({ type: 'setup', url: null, adminUser: null })
  await expect(again.signIn('late', 'late-password-late')).rejects.toThrow('401')
  await again.signIn(FIRST.username, FIRST.password)
  await again.close()
})

it('writes in the audit log that the settings made the first admin, once', async () => {
  const byHand = await startApiServer()
  try {
    const { items } = await byHand.brain.audit.list({ action: 'setup', limit: 5 })
    const { id } = (await byHand.brain.accounts.list({ limit: 1 })).items[0]!
    expect(items).toMatchObject([{ actor: { kind: 'system' }, outcome: 'done', subject: { kind: 'user', id } }])
    expect(JSON.stringify(items)).not.toContain(ADMIN.password)
  } finally {
    await byHand.close()
  }
})
