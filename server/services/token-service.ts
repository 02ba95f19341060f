import { isDeepStrictEqual } from 'node:util'
import { strongestRole, withinGrants } from '../../shared/domain/permissions'
import type { Role } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import type { NarrowGrant, Token } from '../../shared/schemas/account'
import { AppError } from '../../shared/errors'
import { changeGrants, viewGrants } from '../domain/grant-view'
import type { Clock, Ids, PanelBus, Principal, TokenRecord, TokenStore } from '../ports'
import { hashSecret } from './secret-hash'

const PREFIX = 'strata_'
const SHOWN_CHARACTERS = PREFIX.length + 6

export interface TokenService {
  /** The secret is returned here and never again. FORBIDDEN for more rights than the creator has. */
  create(
    principal: Principal,
    wanted: { name: string; role?: Role | null; grants?: NarrowGrant[]; expiresAt?: number },
  ): Promise<{ secret: string; token: Token }>
  list(page: { limit: number; cursor?: string }): Promise<{ items: Token[]; nextCursor: string | null }>
  /** NOT_FOUND when there is none. Works at once, for open sockets too. */
  remove(id: string): Promise<Token>
  /** UNAUTHENTICATED, in words, for a secret that is unknown or expired. */
  authenticate(secret: string): Promise<Principal>
}

/**
 * API tokens. A token never has more rights than its owner has at the moment it is used, and goes with its owner.
 */
export function createTokenService(deps: {
  store: TokenStore
  requireInstances: (grants: readonly NarrowGrant[]) => Promise<void>
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): TokenService {
  const { store, requireInstances, panel, clock, ids } = deps
  return {
    async create(principal, wanted) {
      const given = changeGrants([], { role: wanted.role ?? null, grants: wanted.grants })
      if (
        !principal.userId ||
        !isDeepStrictEqual(viewGrants(withinGrants(given, principal.grants)), viewGrants(given))
      ) {
        throw new AppError(
          'FORBIDDEN',
          `A token cannot have more rights than its maker: you have ${strongestRole(principal.grants) ?? 'no role over everything'} yourself.`,
        )
      }
      await requireInstances(wanted.grants ?? [])
      const now = clock.now()
      if (wanted.expiresAt !== undefined && wanted.expiresAt <= now) {
        throw new AppError('VALIDATION_FAILED', 'The token would have expired already.', {
          issues: [{ path: 'expiresAt', message: 'must be in the future' }],
        })
      }
      const secret = PREFIX + ids.secret()
      const record: TokenRecord = {
        id: ids.entity(),
        name: wanted.name,
        secretHash: hashSecret(secret),
        prefix: secret.slice(0, SHOWN_CHARACTERS),
        ownerId: principal.userId,
        createdBy: principal.actor.name,
        grants: given,
        createdAt: now,
        expiresAt: wanted.expiresAt ?? null,
        lastUsedAt: null,
      }
      await store.create(record)
      return { secret, token: present(record) }
    },
    async list(page) {
      const { items, nextCursor } = await store.list(page)
      return { items: items.map(present), nextCursor }
    },
    async remove(id) {
      const removed = await store.remove(id)
      if (!removed) throw new AppError('NOT_FOUND', `There is no token ${id}; somebody may have removed it.`)
      panel.endSessions({ tokenId: id })
      return present(removed)
    },
    async authenticate(secret) {
      const found = secret.startsWith(PREFIX) ? await store.findBySecret(hashSecret(secret)) : undefined
      if (!found)
        throw new AppError(
          'UNAUTHENTICATED',
          'The token is not known: it was removed, or it is not complete. Make a new one in the panel.',
        )
      const { token, owner } = found
      const now = clock.now()
      if (token.expiresAt !== null && token.expiresAt <= now) {
        throw new AppError(
          'UNAUTHENTICATED',
          `The token "${token.name}" expired on ${new Date(token.expiresAt).toISOString()}. Make a new one in the panel.`,
        )
      }
      if (owner.disabledAt !== null)
        throw new AppError('UNAUTHENTICATED', `The account of ${owner.username}, who owns this token, is disabled.`)
      if (token.lastUsedAt === null || now - token.lastUsedAt > POLICY.session.seenEveryMs)
        await store.used(token.id, now)
      return {
        actor: { kind: 'token', id: token.id, name: token.name },
        grants: withinGrants(token.grants, owner.grants),
        sessionId: null,
        userId: owner.id,
      }
    },
  }
}

function present(record: TokenRecord): Token {
  const { id, name, prefix, createdAt, createdBy, expiresAt, lastUsedAt } = record
  return {
    id,
    name,
    ...viewGrants(record.grants),
    prefix,
    createdAt,
    createdBy,
    expiresAt,
    lastUsedAt,
  }
}
