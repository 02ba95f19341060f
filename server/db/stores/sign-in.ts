import { eq, sql } from 'drizzle-orm'
import type { UserRecord } from '../../ports'
import type { Database, Transaction } from '../client'
import { identities, totp } from '../schema'

/** How somebody signs in, beside the password: part of every answer with users. */
export function signInQuery(db: Database | Transaction): (userId: string) => Pick<UserRecord, 'issuer' | 'hasTotp'> {
  const identity = db
    .select({ issuer: identities.issuer })
    .from(identities)
    .where(eq(identities.userId, sql.placeholder('id')))
    .prepare()
  const codes = db
    .select({ id: totp.userId })
    .from(totp)
    .where(eq(totp.userId, sql.placeholder('id')))
    .prepare()
  return id => ({ issuer: identity.get({ id })?.issuer ?? null, hasTotp: codes.get({ id }) !== undefined })
}
