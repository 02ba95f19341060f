import { strongestRole } from '../../shared/domain/permissions'
import type { Grant, Role } from '../../shared/domain/permissions'
import { narrowGrant } from '../../shared/schemas/account'
import type { NarrowGrant } from '../../shared/schemas/account'

/** Grants as people see and give them: the role over everything, and the narrower ones beside it. */
export interface GrantView {
  role: Role | null
  grants: NarrowGrant[]
}

export function viewGrants(grants: readonly Grant[]): GrantView {
  return {
    role: strongestRole(grants) ?? null,
    grants: grants.flatMap(grant => narrowGrant.safeParse(grant).data ?? []),
  }
}

/** What a request makes of the present grants; what it does not name stays. */
export function changeGrants(present: readonly Grant[], change: Partial<GrantView>): Grant[] {
  const { role, grants } = { ...viewGrants(present), ...definedOnly(change) }
  return [...(role ? [{ role, scope: { kind: 'all' as const } }] : []), ...grants]
}

function definedOnly({ role, grants }: Partial<GrantView>): Partial<GrantView> {
  return { ...(role !== undefined && { role }), ...(grants !== undefined && { grants }) }
}
