import { ROLES, strongestRole } from '../../shared/domain/permissions'
import type { Grant, Role } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import type { Token } from '../../shared/schemas/account'
import { AppError } from '../../shared/errors'
import type { Clock, Ids, PanelBus, Principal, TokenRecord, TokenStore } from '../ports'
import { hashSecret } from './secret-hash'

const PREFIX = 'strata_'
const SHOWN_CHARACTERS = PREFIX.length + 6

export interface TokenService {
  /** The secret is returned here and never again. FORBIDDEN for more rights than the creator has. */
  create(
    principal: Principal,
    wanted: { name: string; role: Role; expiresAt?: number },
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
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): TokenService {
  const { store, panel, clock, ids } = deps
  return {
    async create(principal, wanted) {
      const own = strongestRole(principal.grants)
      if (!principal.userId || !own || isStronger(wanted.role, own)) {
        throw new AppError(
          'FORBIDDEN',
          `A token cannot have the role ${wanted.role}: you have ${own ?? 'none'} yourself.`,
        )
      }
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
        grants: [{ role: wanted.role, scope: 'all' }],
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
      panel.endSessions({ userId: removed.ownerId })
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
      if (token.lastUsedAt === null || now - token.lastUsedAt > POLICY.session.seenEveryMs)
        await store.used(token.id, now)
      return {
        actor: { kind: 'token', id: token.id, name: token.name },
        grants: withinOwner(token.grants, owner.grants),
        sessionId: null,
        userId: owner.id,
      }
    },
  }
}

/** The token's grants, lowered to what the owner has now. */
function withinOwner(grants: readonly Grant[], ownersGrants: readonly Grant[]): Grant[] {
  const most = strongestRole(ownersGrants)
  return most ? grants.map(grant => (isStronger(grant.role, most) ? { ...grant, role: most } : grant)) : []
}

/** ROLES are ordered from the strongest. */
function isStronger(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) < ROLES.indexOf(other)
}

function present(record: TokenRecord): Token {
  const { id, name, prefix, createdAt, createdBy, expiresAt, lastUsedAt } = record
  return {
    id,
    name,
    role: strongestRole(record.grants) ?? 'viewer',
    prefix,
    createdAt,
    createdBy,
    expiresAt,
    lastUsedAt,
  }
}
