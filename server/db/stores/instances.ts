import { eq, sql } from 'drizzle-orm'
import type { InstanceStore } from '../../ports'
import type { Database } from '../client'
import { instances } from '../schema'
import { createInstanceLists, createUsageQueries } from './instance-lists'
import { toInstanceRecord } from './instance-rows'
import { createInstanceWrites } from './instance-writes'

export function createInstanceStore(db: Database): InstanceStore {
  const isIt = eq(instances.id, sql.placeholder('id'))
  const byId = db.select().from(instances).where(isIt).prepare()
  const nodeOf = db.select({ nodeId: instances.nodeId }).from(instances).where(isIt).prepare()
  return {
    ...createInstanceWrites(db),
    ...createInstanceLists(db),
    ...createUsageQueries(db),
    async find(id) {
      const row = byId.get({ id })
      return row && toInstanceRecord(row)
    },
    async nodeOf(id) {
      return nodeOf.get({ id })?.nodeId
    },
  }
}
