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
  'operation.read',
  'metrics.read',
  'account.self',
]

const OPERATOR: readonly Permission[] = [
  ...VIEWER,
  'instance.console.write',
  'instance.operate',
  'instance.write',
  'instance.destroy',
  'template.publish',
  'template.delete',
  'operation.cancel',
]

const BY_ROLE: Record<Role, ReadonlySet<Permission>> = {
  viewer: new Set(VIEWER),
  operator: new Set(OPERATOR),
  admin: new Set(PERMISSIONS),
}

/** A grant gives a role over a scope. `all` is everything; narrower scopes come with groups and instances. */
export const GRANT_SCOPES = ['all'] as const
export interface Grant {
  role: Role
  scope: (typeof GRANT_SCOPES)[number]
}

/** True when a role includes a permission. */
export function roleAllows(role: Role, permission: Permission): boolean {
  return BY_ROLE[role].has(permission)
}

/** True when any of the grants includes the permission over everything. */
export function grantsAllow(grants: readonly Grant[], permission: Permission): boolean {
  return grants.some(grant => roleAllows(grant.role, permission))
}

/** The strongest role among the grants, for showing it; undefined for an account without any. */
export function strongestRole(grants: readonly Grant[]): Role | undefined {
  return ROLES.find(role => grants.some(grant => grant.role === role))
}
