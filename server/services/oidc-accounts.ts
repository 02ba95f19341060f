import { everywhere } from '../../shared/domain/permissions'
import { AppError } from '../../shared/errors'
import { changeGrants } from '../domain/grant-view'
import { roleOf, usernamesFor } from '../domain/oidc-claims'
import type { RoleRule } from '../domain/oidc-claims'
import type { Clock, Identity, Ids, UserRecord, UserStore } from '../ports'

/**
 * The account of somebody the issuer vouches for; made on their first sign-in. Known by issuer and subject alone: a name or
 * an address of mail that somebody has here already stays theirs. The role over everything is what the claim says now;
 * narrower grants are Strata's own and stay.
 *
 * OIDC_NO_ROLE for those without any grant, ACCOUNT_DISABLED.
 */
export async function admitIdentity(
  { users, clock, ids }: { users: UserStore; clock: Clock; ids: Ids },
  identity: Identity,
  rule: RoleRule,
): Promise<{ user: UserRecord; roleChanged: boolean }> {
  const role = roleOf(identity.claims, rule)
  const known = await users.findByIdentity(identity)
  if (!known) {
    if (!role) throw noRole()
    return { user: await createUser(), roleChanged: false }
  }
  if (known.disabledAt !== null)
    throw new AppError('ACCOUNT_DISABLED', 'This account is disabled. An admin can enable it again.')
  const before = known.grants.find(grant => grant.scope.kind === 'all')?.role
  if (before === role) {
    if (known.grants.length === 0) throw noRole()
    return { user: known, roleChanged: false }
  }
  const { after } = await users.update(
    known.id,
    { grants: present => changeGrants(present, { role: role ?? null }) },
    role ? 'keep' : { endAllBut: null },
  )
  if (after.grants.length === 0) throw noRole()
  return { user: after, roleChanged: true }

  async function createUser(): Promise<UserRecord> {
    const record: Omit<UserRecord, 'username'> = {
      id: ids.entity(),
      passwordHash: '',
      grants: everywhere(role ?? 'viewer'),
      createdAt: clock.now(),
      lastLoginAt: null,
      disabledAt: null,
      issuer: identity.issuer,
      hasTotp: false,
    }
    for (const username of usernamesFor(identity.claims, identity.subject)) {
      const user = { ...record, username }
      try {
        await users.create(user, { identity })
        return user
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'NAME_TAKEN')) throw error
        // The same person, in another window, was first.
        const meanwhile = await users.findByIdentity(identity)
        if (meanwhile) return meanwhile
      }
    }
    throw new AppError('NAME_TAKEN', 'Every name that this account could have is taken. Ask an admin.')
  }
}

function noRole(): AppError {
  return new AppError(
    'OIDC_NO_ROLE',
    'You are known, but nothing there says what you may do here. Ask an admin of Strata or of the accounts.',
  )
}
