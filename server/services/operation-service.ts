import { setTimeout as delay } from 'node:timers/promises'
import { reachesSubject, reachOf } from '../../shared/domain/permissions'
import type { Permission, Reach } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'
import type { Actor } from '../../shared/schemas/event'
import type { Operation, OperationFilter } from '../../shared/schemas/operation'
import type { Clock, Ids, OperationStore, PanelBus, Principal } from '../ports'
import { howItEnded } from './operation-end'
import type { ServiceLog } from './service-log'

/** What is wanted, and by whom. */
export interface OperationWish {
  kind: string
  /** Locked until the operation has ended. `name` is for people. */
  subject: { kind: string; id: string; name?: string }
  by: Actor
  /** What somebody must be allowed to do to cancel it: the same as for starting it. */
  needs: Permission
  /** Kept and shown, and handed to the work again when it is resumed. Never a secret. */
  input?: Operation['input']
}

/** A piece of long work while it runs. */
export interface RunningOperation {
  id: string
  input: Operation['input']
  /** Aborts when somebody cancels or the brain stops; the work stops where that is safe and throws `signal.reason`. */
  signal: AbortSignal
  /** Cheap: call it as often as there is news. `total` null: not known. `bytes` left out: it moves none. */
  progress(progress: Omit<Operation['progress'], 'bytes'> & Partial<Pick<Operation['progress'], 'bytes'>>): void
}

/** Returns what came of it, for scripts and pages. */
export type OperationWork = (operation: RunningOperation) => Promise<Operation['result']>

export interface OperationService {
  /**
   * Does `work` as an operation of `subject`, and ends it with what the work returned or why it failed. CONFLICT,
   * before any work, while another operation of the same subject is active. What `work` throws is thrown here as well.
   */
  run(wish: OperationWish, work: OperationWork): Promise<Operation>
  /** The same without waiting for the end: the record as it began. How it ends is in the record alone. */
  start(wish: OperationWish, work: OperationWork): Promise<Operation>
  /**
   * Before the brain starts: operations of this kind that were running when the brain stopped go on under the same id with
   * `work`, which must be able to begin anywhere. Those of all other kinds have failed.
   */
  resumable(kind: string, work: OperationWork): void
  /**
   * Asks an active one to stop; it is `cancelling` until its work has let go. Twice is the same as once. NOT_FOUND;
   * FORBIDDEN for who could not have started it; CONFLICT when it has ended.
   */
  cancel(by: Principal, id: string): Promise<Operation>
  /** NOT_FOUND, also for one that ended so long ago that it was forgotten, and out of reach. */
  get(id: string, reach?: Reach): Promise<Operation>
  /** The last one of this kind that ended well for the subject. */
  findDone(kind: string, subject: { kind: string; id: string }): Promise<Operation | undefined>
  list(filter: OperationFilter & { reach?: Reach }): Promise<{ items: Operation[]; nextCursor: string | null }>
  /** At start: what was running when the brain died goes on or has failed; what ended long ago is forgotten. */
  recover(): Promise<void>
  /** Asks everything to let go, and waits for it, but not for ever. */
  stop(): Promise<void>
}

interface Active {
  record: Operation
  cancel: AbortController
  /** When progress was last written down, by the monotonic clock. */
  savedAt: number
  ended: Promise<unknown>
}

export function createOperationService(deps: {
  operations: OperationStore
  panel: Pick<PanelBus, 'publish'>
  clock: Clock
  ids: Pick<Ids, 'entity'>
  log: ServiceLog
  endAgainMs?: number
}): OperationService {
  const { operations, panel, clock, ids, log, endAgainMs = POLICY.operations.endAgainMs } = deps
  const active = new Map<string, Active>()
  const resumables = new Map<string, OperationWork>()
  const stopping = new AbortController()
  let isStopped = false

  const publish = (operation: Operation) => panel.publish('operation.changed', operation, 'operation.read')
  const live = (record: Operation) => active.get(record.id)?.record ?? record

  async function begin({ subject, by, input = {}, kind, needs }: OperationWish): Promise<Operation> {
    const record: Operation = {
      id: ids.entity(),
      kind,
      subject: { name: null, ...subject },
      state: 'running',
      actor: by,
      cancelledBy: null,
      needs,
      input,
      progress: { step: '', done: 0, total: null, bytes: null },
      result: null,
      error: null,
      createdAt: clock.now(),
      endedAt: null,
    }
    await operations.create(record)
    publish(record)
    return record
  }

  function carryOut(record: Operation, work: OperationWork): Promise<Operation> {
    const running: Active = {
      record,
      cancel: new AbortController(),
      savedAt: clock.monotonic(),
      ended: Promise.resolve(),
    }
    active.set(record.id, running)
    const ended = attend(running, work)
    running.ended = ended.catch(() => undefined)
    return ended
  }

  async function attend(running: Active, work: OperationWork): Promise<Operation> {
    const { id, input, kind } = running.record
    const { signal } = running.cancel
    const progress: RunningOperation['progress'] = news => note(running, { bytes: null, ...news })
    try {
      let result: Operation['result']
      try {
        result = await work({ id, input, signal, progress })
      } catch (error) {
        const goesOn = isStopped && resumables.has(kind) && running.record.state === 'running'
        if (goesOn) await operations.update(id, { progress: running.record.progress })
        else await endSurely(running, howItEnded(error, signal, running.record.cancelledBy))
        throw error
      }
      return await endSurely(running, { state: 'done', result })
    } finally {
      active.delete(id)
    }
  }

  /** The subject is locked until the end is written, so a full disk is waited out; and work that was done is never called failed. */
  async function endSurely(running: Active, how: Parameters<typeof end>[1]): Promise<Operation> {
    for (;;) {
      try {
        return await end(running, how)
      } catch (error) {
        if (isStopped || isAppError(error)) throw error
        const { id } = running.record
        log.error({ err: error, operation: id }, 'The end of an operation could not be written; it is tried again')
        await delay(endAgainMs, undefined, { signal: stopping.signal, ref: false })
      }
    }
  }

  function note(running: Active, progress: Operation['progress']): void {
    const { id } = running.record
    if (active.get(id) !== running) return
    running.record = { ...running.record, progress }
    publish(running.record)
    if (clock.monotonic() - running.savedAt < POLICY.operations.saveProgressMs) return
    running.savedAt = clock.monotonic()
    operations
      .update(id, { progress })
      .catch((error: unknown) => log.warn({ err: error, operation: id }, 'Progress of an operation could not be kept'))
  }

  async function end(
    { record }: Pick<Active, 'record'>,
    how: Pick<Operation, 'state'> & Partial<Pick<Operation, 'result' | 'error'>>,
  ): Promise<Operation> {
    const ended = await operations.update(record.id, { ...how, progress: record.progress, endedAt: clock.now() })
    if (!ended) throw new AppError('CONFLICT', 'The operation has ended already.')
    publish(ended)
    await forgetOld()
    return ended
  }

  async function forgetOld(): Promise<void> {
    await operations
      .removeEnded(clock.now() - POLICY.operations.keptMs)
      .catch((error: unknown) => log.warn({ err: error }, 'Operations that ended long ago could not be forgotten'))
  }

  /** Nobody waits for the end; a defect must not be lost all the same. */
  function inBackground(record: Operation, work: OperationWork): void {
    carryOut(record, work).catch((error: unknown) => {
      const facts = { err: error, operation: record.id, kind: record.kind }
      if (isStopped) log.debug(facts, 'An operation ended with the brain')
      else if (isAppError(error) && error.code === 'OPERATION_CANCELLED')
        log.info({ ...facts, err: undefined }, error.detail)
      else log.warn(facts, 'An operation did not end well')
    })
  }

  return {
    run: async (wish, work) => carryOut(await begin(wish), work),

    async start(wish, work) {
      const record = await begin(wish)
      inBackground(record, work)
      return record
    },

    resumable: (kind, work) => void resumables.set(kind, work),

    async cancel(by, id) {
      const record = await this.get(id, reachOf(by.grants, 'operation.read'))
      if (!reachesSubject(reachOf(by.grants, record.needs), record.subject)) {
        throw new AppError(
          'FORBIDDEN',
          `Cancelling this needs the permission ${record.needs}, as starting it did. Ask somebody who has it.`,
        )
      }
      if (record.state === 'cancelling') return record
      const running = active.get(id)
      const cancelling = running && (await operations.update(id, { state: 'cancelling', cancelledBy: by.actor }))
      if (!cancelling) throw new AppError('CONFLICT', 'The operation has ended already; there is nothing to cancel.')
      running.record = { ...running.record, state: 'cancelling', cancelledBy: by.actor }
      publish(running.record)
      const answer = running.record
      running.cancel.abort(new AppError('OPERATION_CANCELLED', `${by.actor.name} asked it to stop.`))
      return answer
    },

    async get(id, reach = 'all') {
      const record = await operations.find(id)
      if (!record || !reachesSubject(reach, record.subject))
        throw new AppError('NOT_FOUND', `There is no operation ${id}.`)
      return live(record)
    },

    findDone: (kind, subject) => operations.findDone(kind, subject),

    async list(filter) {
      const { items, nextCursor } = await operations.list(filter)
      return { items: items.map(live), nextCursor }
    },

    async recover() {
      for (const record of await operations.active()) {
        const resume = resumables.get(record.kind)
        if (resume && record.state === 'running') inBackground(record, resume)
        else if (record.cancelledBy) await end({ record }, { state: 'cancelled', error: INTERRUPTED_CANCEL })
        else await end({ record }, { state: 'failed', error: INTERRUPTED })
      }
      await forgetOld()
    },

    async stop() {
      isStopped = true
      stopping.abort()
      const reason = new AppError('OPERATION_INTERRUPTED', INTERRUPTED.message)
      for (const { cancel } of active.values()) cancel.abort(reason)
      const all = Promise.all([...active.values()].map(({ ended }) => ended))
      await Promise.race([all, delay(POLICY.operations.stopMs, undefined, { ref: false })])
    },
  }
}

const INTERRUPTED = {
  code: 'OPERATION_INTERRUPTED',
  message: 'The brain stopped while this ran, and it did not come to its end. Start it again.',
} as const
const INTERRUPTED_CANCEL = {
  code: 'OPERATION_CANCELLED',
  message: 'It was being cancelled when the brain stopped.',
} as const
