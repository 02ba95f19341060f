import { integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { users } from './accounts'

/** Who an account is at an OpenID Connect issuer. Issuer and subject are all that identifies; names and addresses are not. */
export const identities = sqliteTable(
  'identities',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: integer('created_at').notNull(),
  },
  table => [primaryKey({ columns: [table.issuer, table.subject] }), uniqueIndex('identities_user').on(table.userId)],
)

/** One-time codes by time (RFC 6238) of an account that confirmed them. */
export const totp = sqliteTable('totp', {
  userId: text('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Sealed with the key file. */
  secret: text('secret').notNull(),
  /** The newest time step whose code was used; it and older ones are refused. */
  lastStep: integer('last_step').notNull(),
  enabledAt: integer('enabled_at').notNull(),
})

/** What is left of the recovery codes: a used one is gone. */
export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    codeHash: text('code_hash').notNull(),
  },
  table => [primaryKey({ columns: [table.userId, table.codeHash] })],
)
