import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseHandle } from '../../../../../server/db/client'
import { createOperationStore } from '../../../../../server/db/stores/operations'
import type { OperationRecord, OperationStore } from '../../../../../server/ports'
import { openTestDatabase } from '../../../../support/database'

let database: DatabaseHandle
let operations: OperationStore
beforeEach(() => {
  database = openTestDatabase()
  operations = createOperationStore(database.db)
})
afterEach(() => database.close())

const subject = { kind: 'node', id: 'n1', name: 'one' }
const make = (id: string, over: Partial<OperationRecord> = {}): OperationRecord => ({
  id,
  kind: 'cache.purge',
  subject,
  state: 'running',
  actor: { kind: 'user', id: 'u1', name: 'ada' },
  cancelledBy: null,
  needs: 'node.manage',
  input: {},
  progress: { done: 0, total: null, step: '', bytes: null },
  result: null,
  error: null,
  createdAt: 1,
  endedAt: null,
  ...over,
})

describe('operation store', () => {
  it('lets one operation of a subject run at a time', async () => {
    await operations.create(make('o1'))
    await expect(operations.create(make('o2', { kind: 'another' }))).rejects.toMatchObject({ code: 'CONFLICT' })
    await operations.create(make('o3', { subject: { kind: 'instance', id: 'n1', name: null } }))
    await operations.update('o1', { state: 'done', endedAt: 2 })
    await operations.create(make('o4'))
    expect((await operations.active()).map(({ id }) => id)).toEqual(['o3', 'o4'])
  })

  it('keeps progress and result, and changes nothing that has ended', async () => {
    await operations.create(make('o1'))
    const progress = { done: 3, total: 10, step: 'fetch', bytes: { done: 7, total: null } }
    expect(await operations.update('o1', { progress })).toEqual(make('o1', { progress }))
    const ended = await operations.update('o1', { state: 'done', result: { freedBytes: 7 }, endedAt: 5 })
    expect(ended).toEqual(make('o1', { progress, state: 'done', result: { freedBytes: 7 }, endedAt: 5 }))
    expect(await operations.update('o1', { state: 'failed' })).toBeUndefined()
    expect(await operations.find('o1')).toEqual(ended)
  })

  it('knows what ever ended well', async () => {
    await operations.create(make('o1', { state: 'failed' }))
    expect(await operations.findDone('cache.purge', subject)).toBeUndefined()
    for (const id of ['o2', 'o3']) await operations.create(make(id, { state: 'done' }))
    expect(await operations.findDone('cache.purge', subject)).toMatchObject({ id: 'o3' })
    expect(await operations.findDone('other', subject)).toBeUndefined()
    expect(await operations.findDone('cache.purge', { ...subject, id: 'n2' })).toBeUndefined()
  })

  it('lists the newest first, page by page', async () => {
    for (const id of ['o1', 'o2', 'o3']) await operations.create(make(id, { state: id === 'o2' ? 'failed' : 'done' }))
    const first = await operations.list({ limit: 2 })
    expect(first.items.map(({ id }) => id)).toEqual(['o3', 'o2'])
    expect(await operations.list({ limit: 2, cursor: first.nextCursor ?? undefined })).toMatchObject({
      items: [{ id: 'o1' }],
      nextCursor: null,
    })
    expect((await operations.list({ state: 'failed', limit: 9 })).items.map(({ id }) => id)).toEqual(['o2'])
  })
})
