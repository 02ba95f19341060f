import { z } from 'zod'
import { NARROW_ROLES, ROLES } from '../domain/permissions'
import { POLICY } from '../domain/policy'
import { displayName, entityId, timestamp } from './common'

export const role = z.enum(ROLES)
export const username = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$/, 'letters, digits and . _ -, 2 to 40 characters')
/** Length is what counts; the upper end keeps hashing bounded. */
export const newPassword = z.string().min(10, 'at least 10 characters').max(200)
export const givenPassword = z.string().min(1).max(200)

/** A role over something narrower than everything: one server. */
export const narrowGrant = z.strictObject({
  role: z.enum(NARROW_ROLES),
  scope: z.strictObject({ kind: z.literal('instance'), id: entityId }),
})
export type NarrowGrant = z.output<typeof narrowGrant>
export const narrowGrants = z
  .array(narrowGrant)
  .max(POLICY.lists.grants, `at most ${POLICY.lists.grants} servers; give a role over everything instead`)
  .refine(
    grants => new Set(grants.map(grant => grant.scope.id)).size === grants.length,
    'a server is named twice; give one role for each',
  )

/** `role` is the one over everything, null for those who have none; `grants` are the narrower ones beside it. */
export const user = z.object({ id: entityId, username, role: role.nullable(), grants: z.array(narrowGrant) })
export type User = z.output<typeof user>
export const userDetail = user.extend({
  createdAt: timestamp,
  lastLoginAt: timestamp.nullable(),
  /** Since when the account is out of use; null while it is in use. */
  disabledAt: timestamp.nullable(),
  /** Where the account signs in; null for name and password. */
  issuer: z.string().nullable(),
  /** A one-time code is asked for after the password. */
  totp: z.boolean(),
})
export type UserDetail = z.output<typeof userDetail>

export const setupBody = z.strictObject({ token: z.string().min(1).max(200), username, password: newPassword })
export const loginBody = z.strictObject({ username: z.string().min(1).max(100), password: givenPassword })
/** `mustAddTotp`: one-time codes are required of them, and until they are set up nothing else is open. */
export const meAnswer = z.object({ user, mustAddTotp: z.literal(true).optional() })
/** A role over everything, narrower grants, or both. */
export const createUserBody = z
  .strictObject({ username, password: newPassword, role: role.nullish(), grants: narrowGrants.default([]) })
  .refine(({ role, grants }) => Boolean(role) || grants.length > 0, {
    path: ['role'],
    message: 'give a role over everything, or grants over single servers, or both',
  })
/** `role: null` takes away the role over everything; `grants` replaces all narrower ones. */
export const patchUserBody = z
  .strictObject({ role: role.nullable(), grants: narrowGrants, password: newPassword, disabled: z.boolean() })
  .partial()
export const changePasswordBody = z.strictObject({ current: givenPassword, next: newPassword })

/** One signed-in browser. */
export const session = z.object({
  id: entityId,
  address: z.string().nullable(),
  /** As the browser named itself when it signed in. */
  userAgent: z.string().nullable(),
  createdAt: timestamp,
  /** To within five minutes. */
  lastSeenAt: timestamp,
  expiresAt: timestamp,
  /** The one that asks. */
  current: z.boolean(),
})
export type Session = z.output<typeof session>
export const sessionList = z.object({ items: z.array(session) })
export const userSessionParams = z.strictObject({ id: entityId, session: entityId })

export const token = z.object({
  id: entityId,
  name: displayName,
  role: role.nullable(),
  grants: z.array(narrowGrant),
  /** The first characters of the secret, to recognise it by. */
  prefix: z.string(),
  createdAt: timestamp,
  createdBy: z.string(),
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
})
export type Token = z.output<typeof token>
export const createTokenBody = z
  .strictObject({
    name: displayName,
    role: role.nullish(),
    grants: narrowGrants.default([]),
    expiresAt: timestamp.optional(),
  })
  .refine(({ role, grants }) => Boolean(role) || grants.length > 0, {
    path: ['role'],
    message: 'give a role over everything, or grants over single servers, or both',
  })
/** `token` is the secret; it is never shown again. */
export const createTokenAnswer = z.object({ id: entityId, token: z.string(), details: token })
