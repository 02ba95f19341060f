import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { DESIRED_STATES, INSTANCE_STATE_NAMES } from '../../../shared/domain/instance-state'
import type { Actor, InstanceEvent, Reason } from '../../../shared/schemas/event'
import type { InstancePort, LockedLayer, Placement, PortRequest } from '../../../shared/schemas/instance'
import type { Resources, RestartPolicy } from '../../../shared/schemas/runtime'
import type { TemplateType } from '../../../shared/schemas/template-type'
import type { InstanceRecord } from '../../ports'
import type { ImageLock } from '../../domain/instance-record'
import { jsonColumn } from './json-column'
import { nodes } from './nodes'

export const instances = sqliteTable(
  'instances',
  {
    id: text('id').primaryKey(),
    revision: integer('revision').notNull(),
    name: text('name').notNull(),
    description: text('description').notNull(),
    state: text('state', { enum: INSTANCE_STATE_NAMES }).notNull(),
    desired: text('desired', { enum: DESIRED_STATES }).notNull(),
    generation: integer('generation').notNull(),
    startGeneration: integer('start_generation').notNull(),
    stopMode: text('stop_mode', { enum: ['none', 'graceful', 'kill'] }).notNull(),
    appliedGeneration: integer('applied_generation'),
    reason: jsonColumn<Reason>('reason'),
    nodeId: text('node_id').references(() => nodes.id, { onDelete: 'set null' }),
    layers: jsonColumn<LockedLayer[]>('layers').notNull(),
    /** Values of secret variables are sealed before they come here. */
    variables: jsonColumn<Record<string, string>>('variables').notNull(),
    secretNames: jsonColumn<string[]>('secret_names').notNull(),
    portRequests: jsonColumn<PortRequest[]>('port_requests').notNull(),
    ports: jsonColumn<InstancePort[]>('ports').notNull(),
    portsInUse: jsonColumn<InstancePort[]>('ports_in_use'),
    placement: jsonColumn<Placement>('placement').notNull(),
    persistent: integer('persistent', { mode: 'boolean' }).notNull(),
    environment: text('environment'),
    resources: jsonColumn<Resources>('resources').notNull(),
    effective: jsonColumn<InstanceRecord['effective']>('effective').notNull(),
    /** Of `effective`, as columns so that a node's reservations are a sum over an index. */
    reservedMemoryMb: integer('reserved_memory_mb').notNull(),
    reservedCpus: real('reserved_cpus').notNull(),
    reservedDiskMb: integer('reserved_disk_mb').notNull(),
    restart: text('restart').$type<RestartPolicy>(),
    allowProcessFallback: integer('allow_process_fallback', { mode: 'boolean' }).notNull(),
    prepareAttempts: integer('prepare_attempts').notNull(),
    imageLock: jsonColumn<ImageLock>('image_lock'),
    observed: jsonColumn<NonNullable<InstanceRecord['observed']>>('observed'),
    stateSince: integer('state_since').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** True when no action follows from the record alone: the sweep reads only the others. */
    atRest: integer('at_rest', { mode: 'boolean' }).notNull(),
  },
  table => [
    uniqueIndex('instances_living_name')
      .on(table.name)
      .where(sql`${table.state} <> 'DESTROYED'`),
    index('instances_node').on(
      table.nodeId,
      table.state,
      table.reservedMemoryMb,
      table.reservedCpus,
      table.reservedDiskMb,
    ),
    index('instances_state').on(table.state, table.id),
    index('instances_restless')
      .on(table.id, table.nodeId)
      .where(sql`${table.atRest} = 0`),
  ],
)

/** The lock list again, as rows: which instances use a template version. */
export const instanceLayers = sqliteTable(
  'instance_layers',
  {
    instanceId: text('instance_id')
      .notNull()
      .references(() => instances.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    template: text('template').notNull(),
    version: text('version').notNull(),
    type: text('type').$type<TemplateType>().notNull(),
    sha256: text('sha256').notNull(),
  },
  table => [
    primaryKey({ columns: [table.instanceId, table.position] }),
    index('instance_layers_version').on(table.template, table.version),
  ],
)

/** Host ports given to living instances; the key makes giving one twice impossible. Rows go when the instance is DESTROYED. */
export const portClaims = sqliteTable(
  'port_claims',
  {
    nodeId: text('node_id')
      .notNull()
      .references(() => nodes.id, { onDelete: 'cascade' }),
    protocol: text('protocol', { enum: ['tcp', 'udp'] }).notNull(),
    port: integer('port').notNull(),
    instanceId: text('instance_id')
      .notNull()
      .references(() => instances.id, { onDelete: 'cascade' }),
  },
  table => [
    primaryKey({ columns: [table.nodeId, table.protocol, table.port] }),
    index('port_claims_instance').on(table.instanceId),
  ],
)

export const instanceEvents = sqliteTable(
  'instance_events',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    instanceId: text('instance_id')
      .notNull()
      .references(() => instances.id, { onDelete: 'cascade' }),
    at: integer('at').notNull(),
    kind: text('kind').$type<InstanceEvent['kind']>().notNull(),
    from: text('from_state'),
    to: text('to_state'),
    generation: integer('generation').notNull(),
    runId: text('run_id'),
    actorKind: text('actor_kind').$type<Actor['kind']>().notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name').notNull(),
    cause: text('cause').notNull(),
    message: text('message').notNull(),
  },
  table => [index('instance_events_instance').on(table.instanceId, table.id)],
)
