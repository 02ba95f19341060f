import { and, asc, desc, eq, inArray, lt, ne } from 'drizzle-orm'
import { AppError } from '../../../shared/errors'
import { ACTIVE_OPERATION_STATES } from '../../../shared/schemas/operation'
import type { OperationRecord, OperationStore } from '../../ports'
import type { Database } from '../client'
import { violatesUnique } from '../sqlite-error'
import { operations } from '../schema'

type Row = typeof operations.$inferSelect

const isActive = inArray(operations.state, [...ACTIVE_OPERATION_STATES])

export function createOperationStore(db: Database): OperationStore {
  const ofSubject = ({ kind, id }: { kind: string; id: string }) =>
    and(eq(operations.subjectKind, kind), eq(operations.subjectId, id))

  return {
    async create(record) {
      try {
        db.insert(operations).values(toRow(record)).run()
      } catch (error) {
        if (!violatesUnique(error, 'operations.subject_id')) throw error
        const holder = db
          .select()
          .from(operations)
          .where(and(isActive, ofSubject(record.subject)))
          .get()
        throw new AppError(
          'CONFLICT',
          `Something else is being done with it${holder ? `: ${holder.kind}, begun by ${holder.actor.name}` : ''}. Wait until that has ended, or cancel it${holder ? ` (operation ${holder.id})` : ''}.`,
          { cause: error },
        )
      }
    },

    async update(id, { progress, ...change }) {
      const row = db
        .update(operations)
        .set({ ...change, ...(progress && amountsOf(progress)) })
        .where(and(eq(operations.id, id), isActive))
        .returning()
        .get()
      return row && toRecord(row)
    },

    async find(id) {
      const row = db.select().from(operations).where(eq(operations.id, id)).get()
      return row && toRecord(row)
    },

    async findDone(kind, subject) {
      const done = and(eq(operations.kind, kind), ofSubject(subject), eq(operations.state, 'done'))
      const row = db.select().from(operations).where(done).orderBy(desc(operations.id)).limit(1).get()
      return row && toRecord(row)
    },

    async list({ state, active, kind, subject, subjectKind, reach = 'all', limit, cursor }) {
      const rows = db
        .select()
        .from(operations)
        .where(
          and(
            state && eq(operations.state, state),
            active === undefined
              ? undefined
              : active
                ? isActive
                : inArray(operations.state, ['done', 'failed', 'cancelled']),
            kind === undefined ? undefined : eq(operations.kind, kind),
            reach === 'all'
              ? undefined
              : and(eq(operations.subjectKind, 'instance'), inArray(operations.subjectId, [...reach])),
            subject === undefined ? undefined : eq(operations.subjectId, subject),
            subjectKind === undefined ? undefined : eq(operations.subjectKind, subjectKind),
            cursor === undefined ? undefined : lt(operations.id, cursor),
          ),
        )
        .orderBy(desc(operations.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(toRecord)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },

    async active() {
      return db.select().from(operations).where(isActive).orderBy(asc(operations.id)).all().map(toRecord)
    },

    async removeEnded(before) {
      return db
        .delete(operations)
        .where(and(lt(operations.endedAt, before), ne(operations.subjectKind, 'brain')))
        .run().changes
    },
  }
}

function toRow({ subject, progress, ...rest }: OperationRecord): Row {
  return {
    ...rest,
    subjectKind: subject.kind,
    subjectId: subject.id,
    subjectName: subject.name,
    ...amountsOf(progress),
  }
}

function amountsOf({ step, done, total, bytes }: OperationRecord['progress']) {
  return {
    doneAmount: done,
    totalAmount: total,
    doneBytes: bytes?.done ?? null,
    totalBytes: bytes?.total ?? null,
    step,
  }
}

function toRecord(row: Row): OperationRecord {
  const { subjectKind, subjectId, subjectName, doneAmount, totalAmount, doneBytes, totalBytes, step, ...rest } = row
  return {
    ...rest,
    subject: { kind: subjectKind, id: subjectId, name: subjectName },
    progress: {
      step,
      done: doneAmount,
      total: totalAmount,
      bytes: doneBytes === null ? null : { done: doneBytes, total: totalBytes },
    },
  }
}
