import type { Readable } from 'node:stream'
import { POLICY } from '../../shared/domain/policy'
import type { AuditExport } from '../../shared/schemas/audit'
import type { AuditEntry } from '../../shared/schemas/event'
import type { AuditPort, AuditStore, Clock, Ids } from '../ports'
import { writeAuditTable } from './audit-export'
import type { ServiceLog } from './service-log'

export interface AuditService extends AuditPort {
  list: AuditStore['list']
  /** Every entry that matches, the newest first, as text; read while it is sent, a page at a time. */
  export(wanted: AuditExport): Readable
  /** Forgets what is older than the settings keep, now and from time to time. */
  start(): Promise<void>
  stop(): void
}

/**
 * Who did what, and with what outcome.
 *
 * @param deps.keptMs how long entries are kept; null: for ever
 */
export function createAuditService(deps: {
  store: AuditStore
  ids: Ids
  clock: Clock
  keptMs: number | null
  log: ServiceLog
}): AuditService {
  const { store, ids, clock, keptMs, log } = deps
  let forgetting: NodeJS.Timeout | undefined

  async function* entries(filter: Omit<AuditExport, 'format'>): AsyncGenerator<AuditEntry> {
    let cursor: string | undefined
    do {
      const page = await store.list({ ...filter, limit: POLICY.lists.maxLimit, cursor })
      yield* page.items
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  /** In pieces: whoever asks something meanwhile does not wait for all of it. */
  async function forgetOld(): Promise<void> {
    if (keptMs === null) return
    let removed: number
    do {
      removed = await store.removeOlder(clock.now() - keptMs, POLICY.audit.removedAtOnce)
      await new Promise(setImmediate)
    } while (removed === POLICY.audit.removedAtOnce)
  }

  return {
    record: (entry: Omit<AuditEntry, 'id' | 'at'>) => store.append({ ...entry, id: ids.entity(), at: clock.now() }),
    list: filter => store.list(filter),
    export: ({ format, ...filter }) => writeAuditTable(entries(filter), format),
    async start() {
      const tell = (error: unknown) => log.error({ err: error }, 'Old entries of the audit log could not be removed')
      await forgetOld().catch(tell)
      forgetting = setInterval(() => void forgetOld().catch(tell), POLICY.audit.forgetEveryMs).unref()
    },
    stop: () => clearInterval(forgetting),
  }
}
