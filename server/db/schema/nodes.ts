import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { LabelMap, NodeOverrides, NodeSpecs } from '../../../shared/schemas/node'
import type { NodeCertificateRecord } from '../../domain/node-record'
import { jsonColumn } from './json-column'

export const nodes = sqliteTable(
  'nodes',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    region: text('region'),
    tags: jsonColumn<string[]>('tags').notNull(),
    labels: jsonColumn<LabelMap>('labels').notNull().default({}),
    overrides: jsonColumn<NodeOverrides>('overrides').notNull().default({}),
    observedAddress: text('observed_address'),
    devMode: integer('dev_mode', { mode: 'boolean' }).notNull(),
    schedulable: integer('schedulable', { mode: 'boolean' }).notNull(),
    local: integer('local', { mode: 'boolean' }).notNull(),
    secretHash: text('secret_hash'),
    pendingSecretHash: text('pending_secret_hash'),
    joinTokenHash: text('join_token_hash'),
    joinTokenExpiresAt: integer('join_token_expires_at'),
    certificate: jsonColumn<NodeCertificateRecord>('certificate'),
    accessRevokedAt: integer('access_revoked_at'),
    certificatesSince: integer('certificates_since'),
    regainUntil: integer('regain_until'),
    specs: jsonColumn<NodeSpecs>('specs'),
    joinedAt: integer('joined_at'),
    lastSeenAt: integer('last_seen_at'),
    createdAt: integer('created_at').notNull(),
  },
  table => [uniqueIndex('nodes_name').on(table.name), index('nodes_join_token').on(table.joinTokenHash)],
)

/** Host ports that a stranger holds on a node: not given out until the time passed. */
export const portQuarantine = sqliteTable(
  'port_quarantine',
  {
    nodeId: text('node_id')
      .notNull()
      .references(() => nodes.id, { onDelete: 'cascade' }),
    protocol: text('protocol', { enum: ['tcp', 'udp'] }).notNull(),
    port: integer('port').notNull(),
    until: integer('until').notNull(),
  },
  table => [primaryKey({ columns: [table.nodeId, table.protocol, table.port] })],
)
