import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { GRANT_ROLES, SCOPE_KINDS } from '../../../shared/domain/permissions'

export const users = sqliteTable(
  'users',
  {
    id: text('id').primaryKey(),
    username: text('username').notNull(),
    /** The name in lower case: `Anna` and `anna` are one person. */
    usernameKey: text('username_key').notNull(),
    passwordHash: text('password_hash').notNull(),
    createdAt: integer('created_at').notNull(),
    lastLoginAt: integer('last_login_at'),
    /** Since when nobody signs in with it, and its tokens are refused; null while it is in use. */
    disabledAt: integer('disabled_at'),
  },
  table => [uniqueIndex('users_username_key').on(table.usernameKey)],
)

/** A role over a scope, given to a user or an API token. */
export const grants = sqliteTable(
  'grants',
  {
    subjectKind: text('subject_kind', { enum: ['user', 'token'] }).notNull(),
    subjectId: text('subject_id').notNull(),
    role: text('role', { enum: GRANT_ROLES }).notNull(),
    scope: text('scope', { enum: SCOPE_KINDS }).notNull(),
    /** Of what the scope names, such as a server; empty for everything. */
    scopeId: text('scope_id').notNull().default(''),
  },
  table => [
    primaryKey({ columns: [table.subjectKind, table.subjectId, table.scope, table.scopeId] }),
    index('grants_role').on(table.role, table.subjectKind),
    index('grants_scope').on(table.scope, table.scopeId),
  ],
)

/** Signed-in browsers. The cookie carries the secret; only its hash is here. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    secretHash: text('secret_hash').notNull(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    address: text('address'),
    /** What the browser called itself when it signed in. */
    userAgent: text('user_agent'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    lastSeenAt: integer('last_seen_at').notNull(),
  },
  table => [
    uniqueIndex('sessions_secret_hash').on(table.secretHash),
    index('sessions_user').on(table.userId),
    index('sessions_expires').on(table.expiresAt),
  ],
)

export const tokens = sqliteTable(
  'tokens',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    secretHash: text('secret_hash').notNull(),
    prefix: text('prefix').notNull(),
    /** The user whose rights bound this token's; it goes when they go. */
    ownerId: text('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
  },
  table => [uniqueIndex('tokens_secret_hash').on(table.secretHash), index('tokens_owner').on(table.ownerId)],
)
