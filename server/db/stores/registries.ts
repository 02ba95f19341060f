import { and, asc, eq, isNull } from 'drizzle-orm'
import type { RegistryLoginStore } from '../../ports'
import type { Database } from '../client'
import { immediate } from '../client'
import { registryLogins } from '../schema'

export function createRegistryLoginStore(db: Database): RegistryLoginStore {
  const at = (registry: string, nodeId: string | null) =>
    and(
      eq(registryLogins.registry, registry),
      nodeId === null ? isNull(registryLogins.nodeId) : eq(registryLogins.nodeId, nodeId),
    )
  return {
    async put(record) {
      return immediate(db, tx => {
        const before = tx.select().from(registryLogins).where(at(record.registry, record.nodeId)).get()
        if (!before) return tx.insert(registryLogins).values(record).returning().get()
        const { id: _id, ...change } = record
        return tx.update(registryLogins).set(change).where(eq(registryLogins.id, before.id)).returning().get()
      })
    },
    async list() {
      return db.select().from(registryLogins).orderBy(asc(registryLogins.registry), asc(registryLogins.id)).all()
    },
    async find(registry, nodeId) {
      const own = db.select().from(registryLogins).where(at(registry, nodeId)).get()
      return own ?? db.select().from(registryLogins).where(at(registry, null)).get()
    },
    async remove(id) {
      return db.delete(registryLogins).where(eq(registryLogins.id, id)).returning().get()
    },
  }
}
