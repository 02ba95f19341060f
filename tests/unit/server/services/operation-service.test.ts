import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseHandle } from '../../../../server/db/client'
import { createOperationStore } from '../../../../server/db/stores/operations'
import type { Principal } from '../../../../server/ports'
import { createOperationService } from '../../../../server/services/operation-service'
import type { OperationService, RunningOperation } from '../../../../server/services/operation-service'
import type { Role } from '../../../../shared/domain/permissions'
import { POLICY } from '../../../../shared/domain/policy'
import { AppError } from '../../../../shared/errors'
import type { Operation } from '../../../../shared/schemas/operation'
import { openTestDatabase } from '../../../support/database'

let database: DatabaseHandle
let service: OperationService
let told: Operation[]
let nextId = 0
let now = 7
const subject = { kind: 'node', id: 'n1' }
const ada = { kind: 'user', id: 'u1', name: 'ada' } as const
const wanted = { kind: 'cache.purge', subject, by: ada, needs: 'node.manage' } as const
const person = (role: Role): Principal => ({
  actor: { kind: 'user', id: 'u2', name: `the ${role}` },
  grants: [{ role, scope: { kind: 'all' } }],
  sessionId: null,
  userId: 'u2',
})

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const open = (operations = createOperationStore(database.db)) =>
  createOperationService({
    operations,
    panel: { publish: (_name, payload) => void told.push(payload as Operation) },
    clock: { now: () => now, monotonic: () => now },
    ids: { entity: () => `o${String((nextId += 1)).padStart(4, '0')}` },
    log: quiet,
    endAgainMs: 1,
  })
beforeEach(() => {
  database = openTestDatabase()
  told = []
  now = 7
  service = open()
})
afterEach(() => database.close())

const untilAborted = ({ signal }: RunningOperation) =>
  new Promise<null>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
const last = async () => (await service.list({ limit: 1 })).items[0]

describe('operation service', () => {
  it('keeps what the work returned and tells pages of every step', async () => {
    const ended = await service.run(wanted, async operation => {
      operation.progress({ done: 1, total: 2, step: 'half', bytes: { done: 5, total: 10 } })
      return { freedBytes: 5 }
    })
    expect(ended).toMatchObject({ state: 'done', result: { freedBytes: 5 }, actor: ada, endedAt: 7 })
    expect(ended.progress).toEqual({ done: 1, total: 2, step: 'half', bytes: { done: 5, total: 10 } })
    expect(told.map(({ state, progress }) => [state, progress.step])).toEqual([
      ['running', ''],
      ['running', 'half'],
      ['done', 'half'],
    ])
    expect(await service.findDone('cache.purge', subject)).toEqual(ended)
  })

  it('answers with the newest progress, and writes it down once a second', async () => {
    const { id } = await service.start(wanted, async operation => {
      for (let done = 1; done <= 3; done += 1) operation.progress({ done, total: 9, step: '' })
      now += POLICY.operations.saveProgressMs
      operation.progress({ done: 4, total: 9, step: '' })
      operation.progress({ done: 5, total: 9, step: '' })
      return untilAborted(operation)
    })
    expect((await service.get(id)).progress.done).toBe(5)
    expect((await service.list({ limit: 1, active: true })).items[0]?.progress.done).toBe(5)
    expect((await createOperationStore(database.db).find(id))?.progress.done).toBe(4)
    await service.stop()
  })

  it('keeps why the work failed, and throws it', async () => {
    const failure = new AppError('DISK_FULL', 'No room.')
    await expect(service.run(wanted, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await last()).toMatchObject({
      state: 'failed',
      result: null,
      error: { code: 'DISK_FULL', message: 'No room.' },
    })
    await expect(service.run(wanted, () => Promise.reject(new Error('secret of the machine')))).rejects.toThrow()
    expect(JSON.stringify((await service.list({ limit: 1 })).items)).not.toContain('secret of the machine')
  })

  it('does not begin while another of the subject is active, and says which', async () => {
    let began = false
    const { id } = await service.start(wanted, untilAborted)
    await expect(service.run(wanted, async () => ({ began: (began = true) }))).rejects.toMatchObject({
      code: 'CONFLICT',
      detail: expect.stringContaining(
        `cache.purge, begun by ada. Wait until that has ended, or cancel it (operation ${id})`,
      ),
    })
    expect(began).toBe(false)
    await service.stop()
  })

  it('is cancelling until the work has let go; cancelling twice is the same as once', async () => {
    const letGo = Promise.withResolvers<void>()
    const running = service.run(wanted, async operation => {
      await untilAborted(operation).catch(() => letGo.promise)
      throw operation.signal.reason
    })
    await expect.poll(last).toMatchObject({ state: 'running' })
    const { id } = (await last())!
    expect(await service.cancel(person('admin'), id)).toMatchObject({
      state: 'cancelling',
      cancelledBy: { name: 'the admin' },
    })
    expect(await service.cancel(person('admin'), id)).toMatchObject({ state: 'cancelling' })
    await expect(service.run(wanted, async () => null)).rejects.toMatchObject({ code: 'CONFLICT' })
    letGo.resolve()
    await expect(running).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' })
    expect(await last()).toMatchObject({
      state: 'cancelled',
      error: { code: 'OPERATION_CANCELLED', message: 'the admin asked it to stop.' },
    })
    await expect(service.cancel(person('admin'), id)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(service.cancel(person('admin'), 'nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is done when its work came to the end although somebody cancelled', async () => {
    const running = service.run(wanted, operation => untilAborted(operation).catch(() => ({ all: true })))
    await expect.poll(last).toMatchObject({ state: 'running' })
    await service.cancel(person('admin'), (await last())!.id)
    expect(await running).toMatchObject({ state: 'done', result: { all: true } })
  })

  it.each(['done', 'failed'] as const)(
    'waits out a full disk to write that it has %s, and frees the subject then',
    async state => {
      const store = createOperationStore(database.db)
      let refusals = 3
      service = open({
        ...store,
        async update(id, change) {
          if (change.endedAt !== undefined && refusals-- > 0)
            throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
          return store.update(id, change)
        },
      })
      const { id } = await service.start(wanted, async () => {
        if (state === 'failed') throw new AppError('NODE_UNREACHABLE', 'It is away.')
        return { freedBytes: 1 }
      })
      await expect.poll(async () => (await service.get(id)).state).toBe(state)
      expect(refusals).toBeLessThan(0)
      await service.run(wanted, async () => null)
    },
  )

  it('lets nobody cancel what they could not have started', async () => {
    const { id } = await service.start(wanted, untilAborted)
    await expect(service.cancel(person('operator'), id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await service.get(id)).toMatchObject({ state: 'running' })
    await service.stop()
  })
})

describe('after the brain died', () => {
  it('has failed what was running, and frees the subject', async () => {
    await service.start(wanted, () => new Promise(() => {}))
    service = open()
    await service.recover()
    expect(await last()).toMatchObject({ state: 'failed', error: { code: 'OPERATION_INTERRUPTED' } })
    await service.run(wanted, async () => null)
  })

  it('has cancelled what was being cancelled', async () => {
    const { id } = await service.start(wanted, () => new Promise(() => {}))
    await service.cancel(person('admin'), id)
    service = open()
    service.resumable('cache.purge', async () => ({ resumed: true }))
    await service.recover()
    expect(await last()).toMatchObject({ state: 'cancelled' })
  })

  it('goes on with what can be resumed, under the same id and with what was asked for', async () => {
    const { id } = await service.start({ ...wanted, input: { to: 's3' } }, () => new Promise(() => {}))
    service = open()
    service.resumable('cache.purge', async ({ input }) => ({ wentTo: input.to }))
    await service.recover()
    await expect.poll(() => service.get(id)).toMatchObject({ state: 'done', result: { wentTo: 's3' } })
  })
})

describe('a brain that stops', () => {
  it('leaves what can be resumed for the next start, and ends the rest in words', async () => {
    service.resumable('goes-on', untilAborted)
    const resumable = await service.start({ ...wanted, kind: 'goes-on' }, untilAborted)
    const other = await service.start({ ...wanted, subject: { kind: 'node', id: 'n2' } }, untilAborted)
    await service.stop()
    expect(await service.get(resumable.id)).toMatchObject({ state: 'running' })
    expect(await service.get(other.id)).toMatchObject({ state: 'failed', error: { code: 'OPERATION_INTERRUPTED' } })
  })
})

it('forgets what ended long ago, but not what the brain itself did once', async () => {
  const done = await service.run(wanted, async () => null)
  const once = await service.run({ ...wanted, subject: { kind: 'brain', id: 'example' } }, async () => null)
  now += POLICY.operations.keptMs + 1
  await service.run({ ...wanted, subject: { kind: 'node', id: 'n2' } }, async () => null)
  await expect(service.get(done.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await service.get(once.id)).toEqual(once)
})
