import type { Role } from '../../shared/domain/permissions'
import type { NarrowGrant } from '../../shared/schemas/account'

/** What the fields of a form hold. */
export interface Rights {
  role: Role | null
  grants: NarrowGrant[]
}

/** What is sent: beside a role that can do everything to every server, single servers are nothing more. */
export function rightsToSend({ role, grants }: Rights): Rights {
  return { role, grants: role === null || role === 'viewer' ? grants : [] }
}
