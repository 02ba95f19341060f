import { and, asc, desc, eq, lt } from 'drizzle-orm'
import { AppError } from '../../../shared/errors'
import type { OperationRecord, OperationStore } from '../../ports'
import type { Database } from '../client'
import { violatesUnique } from '../sqlite-error'
import { operations } from '../schema'

type Row = typeof operations.$inferSelect

export function createOperationStore(db: Database): OperationStore {
  return {
    async create(record) {
      try {
        db.insert(operations).values(toRow(record)).run()
      } catch (error) {
        if (!violatesUnique(error, 'operations.subject_id')) throw error
        throw new AppError(
          'CONFLICT',
          'Something else is being done with it. Wait until that has ended, or cancel it.',
          { cause: error },
        )
      }
    },

    async update(id, { progress, ...change }) {
      const amounts = progress && { doneAmount: progress.done, totalAmount: progress.total, step: progress.step }
      const row = db
        .update(operations)
        .set({ ...change, ...amounts })
        .where(and(eq(operations.id, id), eq(operations.state, 'running')))
        .returning()
        .get()
      return row && toRecord(row)
    },

    async find(id) {
      const row = db.select().from(operations).where(eq(operations.id, id)).get()
      return row && toRecord(row)
    },

    async findDone(kind, subject) {
      const done = and(
        eq(operations.kind, kind),
        eq(operations.subjectKind, subject.kind),
        eq(operations.subjectId, subject.id),
        eq(operations.state, 'done'),
      )
      const row = db.select().from(operations).where(done).orderBy(desc(operations.id)).limit(1).get()
      return row && toRecord(row)
    },

    async list({ state, limit, cursor }) {
      const rows = db
        .select()
        .from(operations)
        .where(
          and(
            state ? eq(operations.state, state) : undefined,
            cursor === undefined ? undefined : lt(operations.id, cursor),
          ),
        )
        .orderBy(desc(operations.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(toRecord)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },

    async running() {
      return db
        .select()
        .from(operations)
        .where(eq(operations.state, 'running'))
        .orderBy(asc(operations.id))
        .all()
        .map(toRecord)
    },
  }
}

function toRow({ subject, progress, ...rest }: OperationRecord): Row {
  return {
    ...rest,
    subjectKind: subject.kind,
    subjectId: subject.id,
    doneAmount: progress.done,
    totalAmount: progress.total,
    step: progress.step,
  }
}

function toRecord({ subjectKind, subjectId, doneAmount, totalAmount, step, ...rest }: Row): OperationRecord {
  return {
    ...rest,
    subject: { kind: subjectKind, id: subjectId },
    progress: { done: doneAmount, total: totalAmount, step },
  }
}
