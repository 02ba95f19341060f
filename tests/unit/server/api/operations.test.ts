import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Operation } from '../../../../shared/schemas/operation'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeAll(async () => {
  api = await startApiServer()
})
afterAll(() => api.close())

const by = { kind: 'user', id: 'u1', name: 'ada' } as const

it('shows long work while it runs, stops it when somebody asks, and says how it ended', async () => {
  const cookie = await api.cookieOf('operator')
  const list = async (query = '') =>
    (await api.request(`/api/v1/operations${query}`, { cookie })).body as { items: Operation[] }
  const running = api.brain.operations.run(
    { kind: 'test.wait', subject: { kind: 'node', id: 'n1', name: 'one' }, by, needs: 'instance.operate' },
    async operation => {
      operation.progress({ done: 1, total: 3, step: 'Waiting' })
      return new Promise((_, reject) => {
        operation.signal.addEventListener('abort', () => reject(operation.signal.reason as Error))
      })
    },
  )
  const ended = expect(running).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' })

  await expect.poll(async () => (await list('?state=running')).items[0]?.progress.step).toBe('Waiting')
  const [operation] = (await list('?active=true&kind=test.wait&subjectKind=node&subject=n1')).items
  expect(operation).toMatchObject({ actor: by, subject: { name: 'one' }, endedAt: null })
  expect((await list('?active=true&subject=n2')).items).toEqual([])
  const address = `/api/v1/operations/${operation?.id}`
  expect(await api.request(address, { cookie })).toMatchObject({
    status: 200,
    body: { progress: { done: 1, total: 3 } },
  })
  const cancelled = await api.request(`${address}/cancel`, { method: 'POST', cookie })
  expect(cancelled).toMatchObject({ status: 202, body: { state: 'cancelling', cancelledBy: { name: 'the-operator' } } })
  await ended
  expect((await list('?state=cancelled')).items).toMatchObject([{ id: operation?.id, endedAt: expect.any(Number) }])
  expect(await api.request(`${address}/cancel`, { method: 'POST', cookie })).toMatchObject({ status: 409 })
  expect(await api.request('/api/v1/operations/nobody', { cookie })).toMatchObject({ status: 404 })
  expect(await api.request('/api/v1/operations/nobody/cancel', { method: 'POST', cookie })).toMatchObject({
    status: 404,
  })
})

it('lets an operator not cancel what only an admin may begin', async () => {
  const { id } = await api.brain.operations.start(
    { kind: 'test.admin', subject: { kind: 'node', id: 'n9' }, by, needs: 'node.manage' },
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  )
  const cancel = async (role: 'operator' | 'admin') =>
    (await api.request(`/api/v1/operations/${id}/cancel`, { method: 'POST', cookie: await api.cookieOf(role) })).status
  expect(await cancel('operator')).toBe(403)
  expect(await cancel('admin')).toBe(202)
})
