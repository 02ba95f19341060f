import { and, eq, lt } from 'drizzle-orm'
import type { IdempotencyStore } from '../../ports'
import type { Database } from '../client'
import { immediate } from '../client'
import { idempotencyKeys as keys } from '../schema'

export function createIdempotencyStore(db: Database): IdempotencyStore {
  const is = (owner: string, key: string) => and(eq(keys.owner, owner), eq(keys.key, key))
  return {
    async begin({ owner, key, requestHash, at }) {
      return immediate(db, tx => {
        const known = tx
          .select({ requestHash: keys.requestHash, answer: keys.answer })
          .from(keys)
          .where(is(owner, key))
          .get()
        if (!known) tx.insert(keys).values({ owner, key, requestHash, answer: null, createdAt: at }).run()
        return known
      })
    },
    async finish(owner, key, answer) {
      db.update(keys).set({ answer }).where(is(owner, key)).run()
    },
    async forget(owner, key) {
      db.delete(keys).where(is(owner, key)).run()
    },
    async removeOlder(before) {
      return db.delete(keys).where(lt(keys.createdAt, before)).run().changes
    },
  }
}
