import { sql } from 'drizzle-orm'
import { index, integer, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Operation } from '../../../shared/schemas/status'

/** Long pieces of work. The unique index is the lock: one running operation for each subject. */
export const operations = sqliteTable(
  'operations',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: text('subject_id').notNull(),
    state: text('state').$type<Operation['state']>().notNull(),
    doneAmount: real('done_amount').notNull(),
    totalAmount: real('total_amount'),
    step: text('step').notNull(),
    result: text('result', { mode: 'json' }).$type<NonNullable<Operation['result']>>(),
    createdAt: integer('created_at').notNull(),
    endedAt: integer('ended_at'),
  },
  table => [
    uniqueIndex('operations_running_subject')
      .on(table.subjectKind, table.subjectId)
      .where(sql`${table.state} = 'running'`),
    index('operations_kind').on(table.kind, table.subjectKind, table.subjectId),
  ],
)
