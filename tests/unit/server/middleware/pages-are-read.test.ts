import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.close())

it.each(['/', '/instances', '/objects/layers/aa', '/healthz', '/agent/strata-agent.mjs'])(
  'refuses to take anything at %s',
  async path => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await api.request(path, { method })
      expect(answer).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED', status: 405 } })
      expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    }
    const options = await api.request(path, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
  },
)

it('leaves reading, the API and the sockets alone', async () => {
  expect((await api.request('/healthz')).status).toBe(200)
  expect((await api.request('/api/v1/auth/logout', { method: 'POST' })).status).toBe(204)
  // No sockets in this server: whatever answers, it is not the refusal.
  expect((await api.request('/socket.io/?EIO=4', { method: 'POST' })).status).not.toBe(405)
})
