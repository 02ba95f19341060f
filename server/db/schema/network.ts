import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Which network this brain leads: one row, made on the first start. It goes with the database wherever that is restored. */
export const network = sqliteTable('network', {
  id: text('id').primaryKey(),
  createdAt: integer('created_at').notNull(),
})
