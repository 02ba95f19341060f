import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { nodes } from './nodes'

/** Sign-ins at registries of images, for one node or for all; one per place, which the store sees to. */
export const registryLogins = sqliteTable(
  'registry_logins',
  {
    id: text('id').primaryKey(),
    registry: text('registry').notNull(),
    nodeId: text('node_id').references(() => nodes.id, { onDelete: 'cascade' }),
    username: text('username').notNull(),
    sealedSecret: text('sealed_secret').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  table => [index('registry_logins_place').on(table.registry, table.nodeId)],
)
