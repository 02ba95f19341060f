import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { StoreName } from '../../../shared/schemas/store'

/** In which store the bytes of each object are. Written before an object appears and changed once a move has proved it. */
export const objectPlaces = sqliteTable(
  'object_places',
  {
    key: text('key').primaryKey(),
    store: text('store').$type<StoreName>().notNull(),
    sizeBytes: integer('size_bytes').notNull(),
  },
  table => [index('object_places_store').on(table.store, table.key)],
)

/** What the brain must remember of itself beside its records, by name; JSON. */
export const brainFacts = sqliteTable('brain_facts', {
  name: text('name').primaryKey(),
  value: text('value', { mode: 'json' }).$type<unknown>().notNull(),
  updatedAt: integer('updated_at').notNull(),
})
