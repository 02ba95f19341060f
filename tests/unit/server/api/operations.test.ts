import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Operation } from '../../../../shared/schemas/status'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.close())

it('shows long work while it runs, stops it when somebody asks, and says how it ended', async () => {
  const cookie = await api.cookieOf('operator')
  const list = async (query = '') =>
    (await api.request(`/api/v1/operations${query}`, { cookie })).body as { items: Operation[] }
  const running = api.brain.operations.run(
    { kind: 'test.wait', subject: { kind: 'node', id: 'n1' } },
    async operation => {
      await operation.progress({ done: 1, total: 3, step: 'Waiting' })
      return new Promise((_, reject) => {
        operation.signal.addEventListener('abort', () => reject(operation.signal.reason as Error))
      })
    },
  )
  const ended = expect(running).rejects.toMatchObject({ code: 'CONFLICT' })

  await expect.poll(async () => (await list('?state=running')).items[0]?.progress.step).toBe('Waiting')
  const [operation] = (await list()).items
  const cancelled = await api.request(`/api/v1/operations/${operation?.id}/cancel`, { method: 'POST', cookie })
  expect(cancelled).toMatchObject({ status: 202, body: { id: operation?.id, kind: 'test.wait' } })
  await ended
  expect((await list('?state=cancelled')).items).toMatchObject([{ id: operation?.id, endedAt: expect.any(Number) }])
  expect(await api.request(`/api/v1/operations/${operation?.id}/cancel`, { method: 'POST', cookie })).toMatchObject({
    status: 409,
  })
  expect(await api.request('/api/v1/operations/nobody/cancel', { method: 'POST', cookie })).toMatchObject({
    status: 404,
  })
})
