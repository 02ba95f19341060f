import { afterAll, beforeAll, expect, it } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.close())

it('is answered as JSON, and not again to who has it', async () => {
  const first = await api.request('/api/v1/openapi.json')
  expect(first).toMatchObject({ status: 200, body: { openapi: '3.1.0', info: { title: 'Strata' } } })
  expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const etag = first.headers.get('etag') ?? ''
  const again = await api.request('/api/v1/openapi.json', { headers: { 'if-none-match': etag } })
  expect(again).toMatchObject({ status: 304, body: '' })
  expect(again.headers.get('etag')).toBe(etag)
  const other = await api.request('/api/v1/openapi.json', { headers: { 'if-none-match': '"another"' } })
  expect(other.status).toBe(200)
})
