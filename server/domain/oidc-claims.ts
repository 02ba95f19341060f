import { z } from 'zod'
import { ROLES } from '../../shared/domain/permissions'
import type { Role } from '../../shared/domain/permissions'
import { username } from '../../shared/schemas/account'

export type Claims = Readonly<Record<string, unknown>>

/** How a claim of the issuer becomes a role of Strata's. */
export interface RoleRule {
  /** Path to the claim, such as `groups` or `realm_access.roles`; null: nobody looks. */
  claim: string | null
  values: Record<Role, readonly string[]>
  /** For those whose claim names no role; null refuses them. */
  fallback: Role | null
}

const record = z.record(z.string(), z.unknown())
const words = z.union([z.string().transform(word => [word]), z.array(z.unknown())]).catch([])

/**
 * The strongest role that the claim names. Undefined when it names none, or is not there.
 *
 * @param rule.claim a path; a dot goes one level down, unless a claim has the dot in its own name
 * (`https://example.org/roles`)
 */
export function roleOf(claims: Claims, rule: RoleRule): Role | undefined {
  const named = rule.claim === null ? [] : words.parse(claimAt(claims, rule.claim))
  return ROLES.find(role => rule.values[role].some(value => named.includes(value))) ?? rule.fallback ?? undefined
}

export function claimAt(claims: unknown, path: string): unknown {
  const level = record.safeParse(claims).data
  if (!level) return undefined
  if (Object.hasOwn(level, path)) return level[path]
  const parts = path.split('.')
  for (let length = parts.length - 1; length > 0; length--) {
    const head = parts.slice(0, length).join('.')
    if (!Object.hasOwn(level, head)) continue
    const found = claimAt(level[head], parts.slice(length).join('.'))
    if (found !== undefined) return found
  }
  return undefined
}

/** How a new account may be called, the nicest first. None of these says who somebody is: that is issuer and subject. */
export function usernamesFor(claims: Claims, subject: string): string[] {
  const email = typeof claims.email === 'string' ? claims.email.split('@')[0] : undefined
  const wishes = [claims.preferred_username, claims.nickname, email, claims.name, subject]
  const bases = wishes.flatMap(wish => (typeof wish === 'string' ? [asUsername(wish)] : [])).filter(isUsername)
  const base = bases[0] ?? 'user'
  return [base, ...Array.from({ length: 98 }, (_, index) => `${base.slice(0, 36)}-${index + 2}`)]
}

function asUsername(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .trim()
    .replace(/@.*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 40)
}

function isUsername(text: string): boolean {
  return username.safeParse(text).success
}
