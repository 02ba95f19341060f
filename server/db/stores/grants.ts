import { and, eq, sql } from 'drizzle-orm'
import type { Grant, Scope } from '../../../shared/domain/permissions'
import type { Database, Transaction } from '../client'
import { grants } from '../schema'

type SubjectKind = (typeof grants.$inferSelect)['subjectKind']

/** The grants of a user or token, as every store that answers with them needs them. */
export function grantsQuery(db: Database | Transaction, kind: SubjectKind): (subjectId: string) => Grant[] {
  const query = db
    .select({ role: grants.role, kind: grants.scope, id: grants.scopeId })
    .from(grants)
    .where(and(eq(grants.subjectKind, kind), eq(grants.subjectId, sql.placeholder('id'))))
    .prepare()
  return id => query.all({ id }).map(({ role, ...scope }) => ({ role, scope: toScope(scope) }))
}

/** In place of all that the subject had. */
export function writeGrants(tx: Transaction, kind: SubjectKind, subjectId: string, given: readonly Grant[]): void {
  tx.delete(grants)
    .where(and(eq(grants.subjectKind, kind), eq(grants.subjectId, subjectId)))
    .run()
  for (const { role, scope } of given)
    tx.insert(grants)
      .values({
        subjectKind: kind,
        subjectId,
        role,
        scope: scope.kind,
        scopeId: scope.kind === 'all' ? '' : scope.id,
      })
      .run()
}

/** What is gone is in nobody's hands. In the commit that ends it. */
export function removeGrantsOver(tx: Transaction, scope: Exclude<Scope, { kind: 'all' }>): void {
  tx.delete(grants)
    .where(and(eq(grants.scope, scope.kind), eq(grants.scopeId, scope.id)))
    .run()
}

function toScope({ kind, id }: { kind: Scope['kind']; id: string }): Scope {
  return kind === 'all' ? { kind } : { kind, id }
}
