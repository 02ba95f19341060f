import { eq } from 'drizzle-orm'
import type { FactStore } from '../../ports'
import type { Database } from '../client'
import { brainFacts } from '../schema'

export function createFactStore(db: Database): FactStore {
  return {
    async read(name, schema) {
      const row = db.select().from(brainFacts).where(eq(brainFacts.name, name)).get()
      return row && schema.parse(row.value)
    },
    async write(name, value, at) {
      db.insert(brainFacts)
        .values({ name, value, updatedAt: at })
        .onConflictDoUpdate({ target: brainFacts.name, set: { value, updatedAt: at } })
        .run()
    },
  }
}
