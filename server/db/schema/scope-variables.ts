import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { VARIABLE_SCOPES } from '../../../shared/schemas/scope-variable'

/** Variables given to the network, a region or a node. One that was taken away keeps its row without a value: servers may still run with it. */
export const scopeVariables = sqliteTable(
  'scope_variables',
  {
    scope: text('scope', { enum: VARIABLE_SCOPES }).notNull(),
    /** A region's name, a node's id, or `all`. */
    scopeId: text('scope_id').notNull(),
    name: text('name').notNull(),
    /** Sealed for a secret; null once it was taken away. */
    value: text('value'),
    secret: integer('secret', { mode: 'boolean' }).notNull(),
    updatedAt: integer('updated_at').notNull(),
    updatedBy: text('updated_by').notNull(),
  },
  table => [primaryKey({ columns: [table.scope, table.scopeId, table.name] })],
)
