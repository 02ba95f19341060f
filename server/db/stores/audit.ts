import { and, desc, eq, lt } from 'drizzle-orm'
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
    async list({ action, actor, subject, outcome, limit, cursor }) {
      const rows = db
        .select()
        .from(audit)
        .where(
          and(
            action ? eq(audit.action, action) : undefined,
            actor ? eq(audit.actorId, actor) : undefined,
            subject ? eq(audit.subjectId, subject) : undefined,
            outcome ? eq(audit.outcome, outcome) : undefined,
            cursor ? lt(audit.id, cursor) : undefined,
          ),
        )
        .orderBy(desc(audit.id))
        .limit(limit + 1)
        .all()
      const items = rows.slice(0, limit).map(({ actorKind, actorId, actorName, subjectKind, subjectId, ...row }) => ({
        ...row,
        actor: { kind: actorKind, id: actorId, name: actorName },
        subject: { kind: subjectKind, id: subjectId },
      }))
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  }
}
