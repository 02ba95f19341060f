import { and, eq, gt, lte, sql } from 'drizzle-orm'
import type { SessionStore } from '../../ports'
import type { Database } from '../client'
import { immediate } from '../client'
import { sessions, users } from '../schema'
import { grantsQuery } from './users'

export function createSessionStore(db: Database): SessionStore {
  const bySecret = db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.secretHash, sql.placeholder('hash')), gt(sessions.expiresAt, sql.placeholder('now'))))
    .prepare()
  const grantsOf = grantsQuery(db)
  return {
    async create(record, passwordHash) {
      return immediate(db, tx => {
        const user = tx
          .select({ passwordHash: users.passwordHash })
          .from(users)
          .where(eq(users.id, record.userId))
          .get()
        if (user?.passwordHash !== passwordHash) return false
        tx.insert(sessions).values(record).run()
        return true
      })
    },
    async findBySecret(hash, now) {
      const found = bySecret.get({ hash, now })
      return found && { session: found.session, user: { ...found.user, grants: grantsOf(found.user.id) } }
    },
    async seen(id, at) {
      db.update(sessions).set({ lastSeenAt: at }).where(eq(sessions.id, id)).run()
    },
    async end(id) {
      db.delete(sessions).where(eq(sessions.id, id)).run()
    },
    async removeExpired(now) {
      return db.delete(sessions).where(lte(sessions.expiresAt, now)).run().changes
    },
  }
}
