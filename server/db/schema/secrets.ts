import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Small values sealed with the key file, by name. */
export const secrets = sqliteTable('secrets', {
  name: text('name').primaryKey(),
  sealed: text('sealed').notNull(),
  updatedAt: integer('updated_at').notNull(),
})
