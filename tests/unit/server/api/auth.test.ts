import { afterEach, beforeEach, expect, it } from 'vitest'
import { ADMIN, startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeEach(async () => {
  api = await startApiServer()
})
afterEach(() => api.close())

it('signs in, says who is there, and signs out for good', async () => {
  const cookie = await api.signIn(ADMIN.username.toUpperCase(), ADMIN.password)
  const me = await api.request('/api/v1/auth/me', { cookie })
  expect(me.body).toEqual({ user: { id: expect.any(String), username: 'admin', role: 'admin' } })

  expect((await api.request('/api/v1/auth/logout', { method: 'POST', cookie })).status).toBe(204)
  expect(await api.request('/api/v1/auth/me', { cookie })).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
})
