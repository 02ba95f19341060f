import { AppError, isAppError } from '../../shared/errors'
import type { Operation } from '../../shared/schemas/status'
import type { Clock, Ids, OperationStore, PanelBus } from '../ports'

/** A piece of long work while it runs. */
export interface RunningOperation {
  id: string
  /** Aborts when somebody cancels; the work stops where that is safe and throws. */
  signal: AbortSignal
  /** In whatever unit the work counts; `total` null: not known. */
  progress(progress: Operation['progress']): Promise<void>
}

export interface OperationService {
  /**
   * Does `work` as an operation of `subject`, and ends it with what the work returned or why it failed. CONFLICT,
   * before any work, while another operation of the same subject runs. What `work` throws is thrown here as well.
   */
  run(
    wanted: { kind: string; subject: Operation['subject'] },
    work: (operation: RunningOperation) => Promise<Operation['result']>,
  ): Promise<Operation>
  /** Asks a running one to stop. NOT_FOUND; CONFLICT when it has ended already. */
  cancel(id: string): Promise<Operation>
  /** The last one of this kind that ended well for the subject. */
  findDone(kind: string, subject: Operation['subject']): Promise<Operation | undefined>
  list(filter: {
    state?: Operation['state']
    limit: number
    cursor?: string
  }): Promise<{ items: Operation[]; nextCursor: string | null }>
  /** At start: what ran when the brain died has failed, and its subjects are free again. */
  recover(): Promise<void>
}

export function createOperationService(deps: {
  operations: OperationStore
  panel: Pick<PanelBus, 'publish'>
  clock: Pick<Clock, 'now'>
  ids: Pick<Ids, 'entity'>
}): OperationService {
  const { operations, panel, clock, ids } = deps
  const cancels = new Map<string, AbortController>()

  const publish = (operation: Operation) => panel.publish('operation.changed', operation, 'operation.read')

  async function end(
    id: string,
    state: 'done' | 'failed' | 'cancelled',
    result: Operation['result'],
  ): Promise<Operation> {
    const ended = await operations.update(id, { state, result, endedAt: clock.now() })
    if (!ended) throw new AppError('CONFLICT', 'The operation has ended already.')
    publish(ended)
    return ended
  }

  return {
    async run({ kind, subject }, work) {
      const id = ids.entity()
      const started: Operation = {
        id,
        kind,
        subject,
        state: 'running',
        progress: { done: 0, total: null, step: '' },
        result: null,
        createdAt: clock.now(),
        endedAt: null,
      }
      await operations.create(started)
      publish(started)
      const cancel = new AbortController()
      cancels.set(id, cancel)
      let result: Operation['result']
      try {
        result = await work({
          id,
          signal: cancel.signal,
          async progress(progress) {
            const changed = await operations.update(id, { progress })
            if (changed) publish(changed)
          },
        })
      } catch (error) {
        await end(id, cancel.signal.aborted ? 'cancelled' : 'failed', failure(error))
        throw error
      } finally {
        cancels.delete(id)
      }
      return end(id, 'done', result)
    },

    async cancel(id) {
      const operation = await operations.find(id)
      if (!operation) throw new AppError('NOT_FOUND', `There is no operation ${id}.`)
      const cancel = cancels.get(id)
      if (!cancel) throw new AppError('CONFLICT', 'The operation has ended already; there is nothing to cancel.')
      cancel.abort(new AppError('CONFLICT', 'The operation was cancelled.'))
      return operation
    },

    findDone: (kind, subject) => operations.findDone(kind, subject),
    list: filter => operations.list(filter),

    async recover() {
      const result = { code: 'INTERNAL', message: 'The brain stopped while this ran.' }
      for (const { id } of await operations.running()) await end(id, 'failed', result)
    },
  }
}

/** For the record: codes and sentences that are known, and no more of a defect than that there was one. */
function failure(error: unknown): Operation['result'] {
  if (isAppError(error)) return { code: error.code, message: error.detail }
  return { code: 'INTERNAL', message: 'The brain met an error that nobody foresaw; its log says more.' }
}
