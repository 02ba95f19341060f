import { asc, eq, gt, sql } from 'drizzle-orm'
import type { TokenRecord, TokenStore } from '../../ports'
import type { Database } from '../client'
import { immediate } from '../client'
import { tokens, users } from '../schema'
import { noteIfRoom } from '../sqlite-error'
import { grantsQuery, writeGrants } from './grants'
import { signInQuery } from './sign-in'

export function createTokenStore(db: Database): TokenStore {
  const bySecret = db
    .select({ token: tokens, owner: users })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.ownerId))
    .where(eq(tokens.secretHash, sql.placeholder('hash')))
    .prepare()
  const grantsOf = grantsQuery(db, 'token')
  const ownersGrants = grantsQuery(db, 'user')
  const signInOf = signInQuery(db)

  const toRecord = (row: typeof tokens.$inferSelect): TokenRecord => ({ ...row, grants: grantsOf(row.id) })
  return {
    async create({ grants: given, ...row }) {
      immediate(db, tx => {
        tx.insert(tokens).values(row).run()
        writeGrants(tx, 'token', row.id, given)
      })
    },
    async findBySecret(hash) {
      const found = bySecret.get({ hash })
      if (!found) return undefined
      const { token, owner } = found
      return {
        token: toRecord(token),
        owner: { ...owner, ...signInOf(owner.id), grants: ownersGrants(owner.id) },
      }
    },
    async list({ limit, cursor }) {
      const rows = db
        .select()
        .from(tokens)
        .where(cursor ? gt(tokens.id, cursor) : undefined)
        .orderBy(asc(tokens.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(toRecord)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
    async remove(id) {
      return immediate(db, tx => {
        const given = grantsQuery(tx, 'token')(id)
        writeGrants(tx, 'token', id, [])
        const row = tx.delete(tokens).where(eq(tokens.id, id)).returning().get()
        return row && { ...row, grants: given }
      })
    },
    async used(id, at) {
      noteIfRoom(() => db.update(tokens).set({ lastUsedAt: at }).where(eq(tokens.id, id)).run())
    },
  }
}
