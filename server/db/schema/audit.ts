import { index, sqliteTable, text, integer } from 'drizzle-orm/sqlite-core'
import type { AuditEntry } from '../../../shared/schemas/event'

export const audit = sqliteTable(
  'audit',
  {
    /** Sorts by time. */
    id: text('id').primaryKey(),
    at: integer('at').notNull(),
    actorKind: text('actor_kind').$type<AuditEntry['actor']['kind']>().notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name').notNull(),
    action: text('action').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: text('subject_id'),
    outcome: text('outcome').$type<AuditEntry['outcome']>().notNull(),
    requestId: text('request_id'),
    address: text('address'),
    detail: text('detail', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  },
  table => [
    index('audit_action').on(table.action, table.id),
    index('audit_actor').on(table.actorId, table.id),
    index('audit_at').on(table.at),
    index('audit_subject').on(table.subjectId, table.id),
  ],
)
