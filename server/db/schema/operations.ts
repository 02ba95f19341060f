import { sql } from 'drizzle-orm'
import { index, integer, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Operation } from '../../../shared/schemas/operation'

/** Long pieces of work. The unique index is the lock: one active operation for each subject. */
export const operations = sqliteTable(
  'operations',
  {
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: text('subject_id').notNull(),
    subjectName: text('subject_name'),
    state: text('state').$type<Operation['state']>().notNull(),
    actor: text('actor', { mode: 'json' })
      .$type<Operation['actor']>()
      .notNull()
      .default({ kind: 'system', id: null, name: 'Strata' }),
    cancelledBy: text('cancelled_by', { mode: 'json' }).$type<NonNullable<Operation['cancelledBy']>>(),
    needs: text('needs').$type<Operation['needs']>().notNull().default('instance.operate'),
    input: text('input', { mode: 'json' }).$type<Operation['input']>().notNull().default({}),
    doneAmount: real('done_amount').notNull(),
    totalAmount: real('total_amount'),
    doneBytes: real('done_bytes'),
    totalBytes: real('total_bytes'),
    step: text('step').notNull(),
    result: text('result', { mode: 'json' }).$type<NonNullable<Operation['result']>>(),
    error: text('error', { mode: 'json' }).$type<NonNullable<Operation['error']>>(),
    createdAt: integer('created_at').notNull(),
    endedAt: integer('ended_at'),
  },
  table => [
    uniqueIndex('operations_active_subject')
      .on(table.subjectKind, table.subjectId)
      .where(sql`${table.state} IN ('running', 'cancelling')`),
    index('operations_kind').on(table.kind, table.subjectKind, table.subjectId),
  ],
)
