import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Answers to creations that carried an Idempotency-Key, for whoever asks again with the same key. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    /** Who asked: keys of two people never meet. */
    owner: text('owner').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** Sealed, because answers hold secrets that are shown once. Null: begun and not ended. */
    answer: text('answer'),
    createdAt: integer('created_at').notNull(),
  },
  table => [primaryKey({ columns: [table.owner, table.key] }), index('idempotency_keys_created').on(table.createdAt)],
)
