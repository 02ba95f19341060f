import type { AuditEntry } from '../../shared/schemas/event'
import type { AuditPort, AuditStore, Clock, Ids } from '../ports'

export interface AuditService extends AuditPort {
  list: AuditStore['list']
}

/** Who did what, and with what outcome. */
export function createAuditService(deps: { store: AuditStore; ids: Ids; clock: Clock }): AuditService {
  return {
    record: (entry: Omit<AuditEntry, 'id' | 'at'>) =>
      deps.store.append({ ...entry, id: deps.ids.entity(), at: deps.clock.now() }),
    list: filter => deps.store.list(filter),
  }
}
