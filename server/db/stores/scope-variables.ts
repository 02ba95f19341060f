import type { ScopeVariableStore } from '../../ports'
import type { Database } from '../client'
import { scopeVariables } from '../schema'

export function createScopeVariableStore(db: Database): ScopeVariableStore {
  return {
    async list() {
      return db.select().from(scopeVariables).all()
    },
    async write(record) {
      const { scope: _scope, scopeId: _id, name: _name, ...rest } = record
      db.insert(scopeVariables)
        .values(record)
        .onConflictDoUpdate({
          target: [scopeVariables.scope, scopeVariables.scopeId, scopeVariables.name],
          set: rest,
        })
        .run()
    },
  }
}
