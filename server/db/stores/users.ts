import { and, asc, eq, gt, inArray, isNull, ne, sql } from 'drizzle-orm'
import { AppError } from '../../../shared/errors'
import type { UserRecord, UserStore } from '../../ports'
import type { Database, Transaction } from '../client'
import { immediate } from '../client'
import { grants, identities, tokens, users } from '../schema'
import { grantsQuery, writeGrants } from './grants'
import { endSessionsOf } from './sessions'
import { signInQuery } from './sign-in'
import { violatesUnique } from '../sqlite-error'

type Row = typeof users.$inferSelect

export function createUserStore(db: Database): UserStore {
  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare()
  const byName = db
    .select()
    .from(users)
    .where(eq(users.usernameKey, sql.placeholder('key')))
    .prepare()
  const grantsOf = grantsQuery(db, 'user')

  const signInOf = signInQuery(db)
  const byIdentity = db
    .select({ user: users })
    .from(identities)
    .innerJoin(users, eq(users.id, identities.userId))
    .where(and(eq(identities.issuer, sql.placeholder('issuer')), eq(identities.subject, sql.placeholder('subject'))))
    .prepare()

  const toRecord = (row: Row): UserRecord => ({ ...strip(row), ...signInOf(row.id), grants: grantsOf(row.id) })
  return {
    async create(record, options = {}) {
      try {
        return immediate(db, tx => {
          if (options.onlyFirst && tx.select({ id: users.id }).from(users).limit(1).get()) return false
          const { grants: given, issuer: _issuer, hasTotp: _hasTotp, ...row } = record
          tx.insert(users)
            .values({ ...row, usernameKey: keyOf(record.username) })
            .run()
          writeGrants(tx, 'user', record.id, given)
          if (options.identity) {
            const { issuer, subject } = options.identity
            tx.insert(identities).values({ issuer, subject, userId: record.id, createdAt: record.createdAt }).run()
          }
          return true
        })
      } catch (error) {
        if (violatesUnique(error, 'users.username_key') || violatesUnique(error, 'identities.issuer'))
          throw new AppError(
            'NAME_TAKEN',
            `There is an account named "${record.username}" already. Choose another name.`,
            { cause: error },
          )
        throw error
      }
    },
    async find(id) {
      const row = byId.get({ id })
      return row && toRecord(row)
    },
    async findByName(username) {
      const row = byName.get({ key: keyOf(username) })
      return row && toRecord(row)
    },
    async findByIdentity({ issuer, subject }) {
      const found = byIdentity.get({ issuer, subject })
      return found && toRecord(found.user)
    },
    async list({ limit, cursor }) {
      const rows = db
        .select()
        .from(users)
        .where(cursor ? gt(users.id, cursor) : undefined)
        .orderBy(asc(users.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(toRecord)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
    async hasAny() {
      return db.select({ id: users.id }).from(users).limit(1).get() !== undefined
    },
    async update(id, { grants: regrant, ...change }, ending) {
      return immediate(db, tx => {
        const before = findIn(tx, id)
        if (change.passwordHash !== undefined || change.disabledAt !== undefined)
          tx.update(users).set(change).where(eq(users.id, id)).run()
        if (regrant) writeGrants(tx, 'user', id, regrant(before.grants))
        if (regrant ?? change.disabledAt) keepAnAdmin(tx, before)
        const endedSessions = ending === 'keep' ? [] : endSessionsOf(tx, id, { but: ending.endAllBut })
        return { before, after: findIn(tx, id), endedSessions }
      })
    },
    async remove(id) {
      return immediate(db, tx => {
        const before = findIn(tx, id)
        const tokenIds = tx.select({ id: tokens.id }).from(tokens).where(eq(tokens.ownerId, id))
        tx.delete(grants)
          .where(and(eq(grants.subjectKind, 'token'), inArray(grants.subjectId, tokenIds)))
          .run()
        writeGrants(tx, 'user', id, [])
        keepAnAdmin(tx, before)
        tx.delete(users).where(eq(users.id, id)).run()
        return before
      })
    },
    async signedIn(id, at) {
      db.update(users).set({ lastLoginAt: at }).where(eq(users.id, id)).run()
    },
  }
}

function findIn(tx: Transaction, id: string): UserRecord {
  const row = tx.select().from(users).where(eq(users.id, id)).get()
  if (!row) throw new AppError('NOT_FOUND', `There is no user ${id}; somebody may have removed the account.`)
  return { ...strip(row), ...signInQuery(tx)(id), grants: grantsQuery(tx, 'user')(id) }
}

/**
 * Inside the transaction that takes rights away, so that two admins cannot remove each other at once. Only an admin with a
 * password counts: the others are admins as long as somebody else's service says so.
 */
function keepAnAdmin(tx: Transaction, changed: UserRecord): void {
  const admin = tx
    .select({ id: grants.subjectId })
    .from(grants)
    .innerJoin(users, eq(users.id, grants.subjectId))
    .where(
      and(
        eq(grants.role, 'admin'),
        eq(grants.subjectKind, 'user'),
        isNull(users.disabledAt),
        ne(users.passwordHash, ''),
      ),
    )
    .limit(1)
    .get()
  if (!admin)
    throw new AppError(
      'LAST_ADMIN',
      `"${changed.username}" is the only admin who can sign in with a password. Make somebody else an admin first.`,
    )
}

function keyOf(username: string): string {
  return username.toLowerCase()
}

function strip({ usernameKey: _, ...row }: Row): Omit<UserRecord, 'grants' | 'issuer' | 'hasTotp'> {
  return row
}
