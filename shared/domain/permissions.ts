/** What each role may do. The server asks here before every act; the panel asks here before it shows a button. */
export const ROLES = ['admin', 'operator', 'viewer'] as const
export type Role = (typeof ROLES)[number]

export const PERMISSIONS = [
  'status.read',
  'node.read',
  'node.manage',
  'template.read',
  'template.publish',
  'template.delete',
  'instance.read',
  'instance.console.read',
  'instance.console.write',
  'instance.operate',
  'instance.write',
  'instance.destroy',
  'variable.read',
  'variable.write',
  'user.manage',
  'token.manage',
  'audit.read',
  'operation.read',
  'operation.cancel',
  'settings.manage',
  'metrics.read',
  'account.self',
] as const
export type Permission = (typeof PERMISSIONS)[number]

const VIEWER: readonly Permission[] = [
  'status.read',
  'node.read',
  'template.read',
  'instance.read',
  'instance.console.read',
  'variable.read',
  'operation.read',
  'metrics.read',
  'account.self',
]

const HELPER: readonly Permission[] = [
  'status.read',
  'instance.read',
  'instance.console.read',
  'instance.console.write',
  'instance.operate',
  'operation.read',
  'operation.cancel',
  'account.self',
]

const OPERATOR: readonly Permission[] = [
  ...VIEWER,
  'instance.console.write',
  'instance.operate',
  'instance.write',
  'instance.destroy',
  'variable.write',
  'template.publish',
  'template.delete',
  'operation.cancel',
]

/** Every role a grant can carry, from the strongest. A `helper` sees, operates and types into the console of single servers. */
export const GRANT_ROLES = ['admin', 'operator', 'helper', 'viewer'] as const
export type GrantRole = (typeof GRANT_ROLES)[number]
/** Those of single servers; `admin` is somebody over everything, and `helper` somebody who is not. */
export const NARROW_ROLES = ['operator', 'helper', 'viewer'] as const

const BY_ROLE: Record<GrantRole, ReadonlySet<Permission>> = {
  viewer: new Set(VIEWER),
  helper: new Set(HELPER),
  operator: new Set(OPERATOR),
  admin: new Set(PERMISSIONS),
}

/** What a grant reaches: everything, or one server. Groups come between the two. */
export const SCOPE_KINDS = ['all', 'instance'] as const
export type Scope = { kind: 'all' } | { kind: 'instance'; id: string }
export interface Grant {
  role: GrantRole
  scope: Scope
}

/** Where a permission holds: `all`, or the ids of the servers. */
export type Reach = 'all' | ReadonlySet<string>

/** The one grant of somebody whose role holds everywhere. */
export function everywhere(role: Role): Grant[] {
  return [{ role, scope: { kind: 'all' } }]
}

/** True when a role includes a permission. */
export function roleAllows(role: GrantRole, permission: Permission): boolean {
  return BY_ROLE[role].has(permission)
}

/** Where the grants include a permission; an empty set is nowhere. */
export function reachOf(grants: readonly Grant[], permission: Permission): Reach {
  // Nobody needs a grant to look after oneself.
  if (permission === 'account.self') return 'all'
  const instances = new Set<string>()
  for (const { role, scope } of grants) {
    if (!roleAllows(role, permission)) continue
    if (scope.kind === 'all') return 'all'
    instances.add(scope.id)
  }
  return instances
}

export function reaches(reach: Reach, instanceId: string): boolean {
  return reach === 'all' || reach.has(instanceId)
}

/** Of something about a subject, such as an operation: narrow reach has that of its servers alone. */
export function reachesSubject(reach: Reach, subject: { kind: string; id: string }): boolean {
  return reach === 'all' || (subject.kind === 'instance' && reach.has(subject.id))
}

/** True when any of the grants includes the permission over everything, or, with a server named, over that one. */
export function grantsAllow(grants: readonly Grant[], permission: Permission, instanceId?: string): boolean {
  const reach = reachOf(grants, permission)
  return instanceId === undefined ? reach === 'all' : reaches(reach, instanceId)
}

/** The strongest role over everything; undefined for those who have single servers alone, or nothing. */
export function strongestRole(grants: readonly Grant[]): Role | undefined {
  return ROLES.find(role => grants.some(grant => grant.role === role && grant.scope.kind === 'all'))
}

/** What is left of grants for somebody who must not have more than `most`: the weaker role over the narrower scope of each pair. */
export function withinGrants(grants: readonly Grant[], most: readonly Grant[]): Grant[] {
  return grants.flatMap(grant =>
    most.flatMap(bound => {
      const scope = narrower(grant.scope, bound.scope)
      return scope ? [{ role: weaker(grant.role, bound.role), scope }] : []
    }),
  )
}

function narrower(one: Scope, other: Scope): Scope | undefined {
  if (one.kind === 'all') return other
  if (other.kind === 'all' || other.id === one.id) return one
  return undefined
}

/** Over one scope each role includes the next weaker one. */
function weaker(one: GrantRole, other: GrantRole): GrantRole {
  return GRANT_ROLES.indexOf(one) > GRANT_ROLES.indexOf(other) ? one : other
}
