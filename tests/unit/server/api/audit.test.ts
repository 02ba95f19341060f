import { afterEach, beforeEach, expect, it } from 'vitest'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
beforeEach(async () => {
  api = await startApiServer()
})
afterEach(() => api.close())

interface Page {
  items: { action: string; detail: { n: number } }[]
  nextCursor: string | null
}

it('gives the newest first, page by page, filtered', async () => {
  const cookie = await api.cookieOf('admin')
  const entry = {
    actor: { kind: 'user', id: 'anna', name: 'Anna' },
    subject: { kind: 'instance', id: 'i1' },
    outcome: 'done',
    requestId: null,
    address: null,
  } as const
  for (let n = 0; n < 5; n++)
    await api.brain.audit.record({ ...entry, action: n % 2 ? 'instance.stop' : 'instance.start', detail: { n } })
  const list = async (query: string) => (await api.request(`/api/v1/audit?${query}`, { cookie })).body as Page

  const first = await list('actor=anna&limit=3')
  const second = await list(`actor=anna&limit=3&cursor=${first.nextCursor}`)
  expect([...first.items, ...second.items].map(item => item.detail.n)).toEqual([4, 3, 2, 1, 0])
  expect(second.nextCursor).toBeNull()
  expect((await list('action=instance.stop')).items.map(item => item.detail.n)).toEqual([3, 1])
  expect((await list('subject=i1&outcome=refused')).items).toEqual([])
  expect((await list('subject=i1&outcome=done')).items).toHaveLength(5)
})

it('tells a creation that was asked for again with its Idempotency-Key from the one that made something', async () => {
  const cookie = await api.cookieOf('admin')
  const headers = { 'idempotency-key': 'once' }
  for (let n = 0; n < 2; n++)
    await api.request('/api/v1/nodes', { method: 'POST', cookie, json: { name: 'eu-1' }, headers })
  const { items } = (await api.request('/api/v1/audit?action=node.create', { cookie })).body as {
    items: { detail: Record<string, unknown> }[]
  }
  expect(items.map(item => item.detail.replayed)).toEqual([true, undefined])
})
