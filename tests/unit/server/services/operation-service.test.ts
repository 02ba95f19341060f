import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseHandle } from '../../../../server/db/client'
import { createOperationStore } from '../../../../server/db/stores/operations'
import type { Operation } from '../../../../shared/schemas/status'
import { createOperationService } from '../../../../server/services/operation-service'
import type { OperationService } from '../../../../server/services/operation-service'
import { AppError } from '../../../../shared/errors'
import { openTestDatabase } from '../../../support/database'

let database: DatabaseHandle
let service: OperationService
let told: Operation[]
let nextId = 0
const subject = { kind: 'node', id: 'n1' }
const wanted = { kind: 'cache.purge', subject }

const open = () =>
  createOperationService({
    operations: createOperationStore(database.db),
    panel: { publish: (_name, payload) => void told.push(payload as Operation) },
    clock: { now: () => 7 },
    ids: { entity: () => `o${(nextId += 1)}` },
  })
beforeEach(() => {
  database = openTestDatabase()
  told = []
  service = open()
})
afterEach(() => database.close())

describe('operation service', () => {
  it('keeps what the work returned and tells pages of every step', async () => {
    const ended = await service.run(wanted, async operation => {
      await operation.progress({ done: 1, total: 2, step: 'half' })
      return { freedBytes: 5 }
    })
    expect(ended).toMatchObject({ state: 'done', result: { freedBytes: 5 }, progress: { step: 'half' }, endedAt: 7 })
    expect(told.map(({ state, progress }) => [state, progress.step])).toEqual([
      ['running', ''],
      ['running', 'half'],
      ['done', 'half'],
    ])
    expect(await service.findDone('cache.purge', subject)).toEqual(ended)
  })

  it('keeps why the work failed, and throws it', async () => {
    const failure = new AppError('DISK_FULL', 'No room.')
    await expect(service.run(wanted, () => Promise.reject(failure))).rejects.toBe(failure)
    expect((await service.list({ limit: 1 })).items[0]).toMatchObject({
      state: 'failed',
      result: { code: 'DISK_FULL', message: 'No room.' },
    })
    await expect(service.run(wanted, () => Promise.reject(new Error('secret of the machine')))).rejects.toThrow()
    expect(JSON.stringify((await service.list({ limit: 1 })).items)).not.toContain('secret of the machine')
  })

  it('does not begin while another of the subject runs', async () => {
    let began = false
    await service.run(wanted, async () => {
      await expect(service.run(wanted, async () => ({ began: (began = true) }))).rejects.toMatchObject({
        code: 'CONFLICT',
      })
      return null
    })
    expect(began).toBe(false)
  })

  it('can be cancelled while it runs, and not afterwards', async () => {
    let id = ''
    const running = service.run(wanted, operation => {
      id = operation.id
      return new Promise((_, reject) =>
        operation.signal.addEventListener('abort', () => reject(operation.signal.reason as Error)),
      )
    })
    await expect.poll(() => id).not.toBe('')
    await service.cancel(id)
    await expect(running).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await service.list({ limit: 1 })).items[0]).toMatchObject({ state: 'cancelled' })
    await expect(service.cancel(id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(service.cancel('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('calls failed what ran when the brain died, and frees the subject', async () => {
    void service.run(wanted, () => new Promise(() => {}))
    const next = open()
    await next.recover()
    expect((await next.list({ limit: 1 })).items[0]).toMatchObject({ state: 'failed' })
    await next.run(wanted, async () => null)
  })
})
