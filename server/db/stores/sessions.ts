import { and, desc, eq, gt, inArray, isNull, lte, ne, sql } from 'drizzle-orm'
import type { SessionStore } from '../../ports'
import type { Database, Transaction } from '../client'
import { immediate } from '../client'
import { sessions, users } from '../schema'
import { noteIfRoom } from '../sqlite-error'
import { grantsQuery } from './grants'
import { signInQuery } from './sign-in'

export function createSessionStore(db: Database): SessionStore {
  const bySecret = db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        eq(sessions.secretHash, sql.placeholder('hash')),
        gt(sessions.expiresAt, sql.placeholder('now')),
        isNull(users.disabledAt),
      ),
    )
    .prepare()
  const grantsOf = grantsQuery(db, 'user')
  const signInOf = signInQuery(db)
  return {
    async create(record, passwordHash) {
      return immediate(db, tx => {
        const user = tx
          .select({ passwordHash: users.passwordHash, disabledAt: users.disabledAt })
          .from(users)
          .where(eq(users.id, record.userId))
          .get()
        if (user?.passwordHash !== passwordHash || user.disabledAt !== null) return false
        tx.insert(sessions).values(record).run()
        return true
      })
    },
    async findBySecret(hash, now) {
      const found = bySecret.get({ hash, now })
      if (!found) return undefined
      const { session, user } = found
      return { session, user: { ...user, ...signInOf(user.id), grants: grantsOf(user.id) } }
    },
    async seen(id, at) {
      noteIfRoom(() => db.update(sessions).set({ lastSeenAt: at }).where(eq(sessions.id, id)).run())
    },
    async listOf(userId, now) {
      return db
        .select()
        .from(sessions)
        .where(and(eq(sessions.userId, userId), gt(sessions.expiresAt, now)))
        .orderBy(desc(sessions.lastSeenAt), desc(sessions.id))
        .all()
    },
    async end(id) {
      db.delete(sessions).where(eq(sessions.id, id)).run()
    },
    async endOf(userId, which) {
      return endSessionsOf(db, userId, which)
    },
    async endLocal() {
      const local = db.select({ id: users.id }).from(users).where(ne(users.passwordHash, ''))
      return db.delete(sessions).where(inArray(sessions.userId, local)).run().changes
    },
    async removeExpired(now) {
      return db.delete(sessions).where(lte(sessions.expiresAt, now)).run().changes
    },
  }
}

/** The ids of those that ended. */
export function endSessionsOf(
  db: Database | Transaction,
  userId: string,
  { only, but }: Parameters<SessionStore['endOf']>[1],
): string[] {
  return db
    .delete(sessions)
    .where(
      and(
        eq(sessions.userId, userId),
        only === undefined ? undefined : eq(sessions.id, only),
        but ? ne(sessions.id, but) : undefined,
      ),
    )
    .returning({ id: sessions.id })
    .all()
    .map(session => session.id)
}
