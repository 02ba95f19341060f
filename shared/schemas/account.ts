import { z } from 'zod'
import { ROLES } from '../domain/permissions'
import { displayName, entityId, timestamp } from './common'

export const role = z.enum(ROLES)
export const username = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$/, 'letters, digits and . _ -, 2 to 40 characters')
/** Length is what counts; the upper end keeps hashing bounded. */
export const newPassword = z.string().min(10, 'at least 10 characters').max(200)
export const givenPassword = z.string().min(1).max(200)

export const user = z.object({ id: entityId, username, role })
export type User = z.output<typeof user>
export const userDetail = user.extend({ createdAt: timestamp, lastLoginAt: timestamp.nullable() })
export type UserDetail = z.output<typeof userDetail>

export const setupBody = z.strictObject({ token: z.string().min(1).max(200), username, password: newPassword })
export const loginBody = z.strictObject({ username: z.string().min(1).max(100), password: givenPassword })
export const meAnswer = z.object({ user })
export const createUserBody = z.strictObject({ username, password: newPassword, role })
export const patchUserBody = z.strictObject({ role, password: newPassword }).partial()
export const changePasswordBody = z.strictObject({ current: givenPassword, next: newPassword })

export const token = z.object({
  id: entityId,
  name: displayName,
  role,
  /** The first characters of the secret, to recognise it by. */
  prefix: z.string(),
  createdAt: timestamp,
  createdBy: z.string(),
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
})
export type Token = z.output<typeof token>
export const createTokenBody = z.strictObject({ name: displayName, role, expiresAt: timestamp.optional() })
/** `token` is the secret; it is never shown again. */
export const createTokenAnswer = z.object({ id: entityId, token: z.string(), details: token })
