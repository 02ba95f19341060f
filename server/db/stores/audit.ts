import { and, desc, eq, gte, inArray, lt, or, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { AuditFilter } from '../../../shared/schemas/audit'
import type { AuditEntry } from '../../../shared/schemas/event'
import type { AuditStore } from '../../ports'
import type { Database } from '../client'
import { audit } from '../schema'

export function createAuditStore(db: Database): AuditStore {
  return {
    async append({ actor, subject, ...entry }) {
      db.insert(audit)
        .values({
          ...entry,
          actorKind: actor.kind,
          actorId: actor.id,
          actorName: actor.name,
          subjectKind: subject.kind,
          subjectId: subject.id,
        })
        .run()
    },
    async list({ limit, cursor, ...filter }) {
      const rows = db
        .select()
        .from(audit)
        .where(and(matching(filter), cursor ? lt(audit.id, cursor) : undefined))
        .orderBy(desc(audit.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(toEntry)
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
    async removeOlder(before, most) {
      const oldest = db.select({ id: audit.id }).from(audit).where(lt(audit.at, before)).limit(most)
      return db.delete(audit).where(inArray(audit.id, oldest)).run().changes
    },
  }
}

function matching({ action, actor, subject, kind, outcome, text, since, until }: Omit<AuditFilter, 'limit'>) {
  return and(
    action ? eq(audit.action, action) : undefined,
    actor ? eq(audit.actorId, actor) : undefined,
    subject ? eq(audit.subjectId, subject) : undefined,
    kind ? eq(audit.subjectKind, kind) : undefined,
    outcome ? eq(audit.outcome, outcome) : undefined,
    since === undefined ? undefined : gte(audit.at, since),
    until === undefined ? undefined : lt(audit.at, until),
    text ? holding(text) : undefined,
  )
}

/** The details are looked through as they are stored: as JSON. */
function holding(text: string) {
  const like = `%${text.replaceAll(/[\\%_]/g, sign => `\\${sign}`)}%`
  const holds = (column: SQLiteColumn) => sql`${column} like ${like} escape '\\'`
  return or(
    ...[audit.actorName, audit.action, audit.subjectId, audit.address, audit.requestId, audit.detail].map(holds),
  )
}

function toEntry({
  actorKind,
  actorId,
  actorName,
  subjectKind,
  subjectId,
  ...row
}: typeof audit.$inferSelect): AuditEntry {
  return {
    ...row,
    actor: { kind: actorKind, id: actorId, name: actorName },
    subject: { kind: subjectKind, id: subjectId },
  }
}
