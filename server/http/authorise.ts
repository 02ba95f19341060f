import { reaches, reachOf, strongestRole } from '../../shared/domain/permissions'
import type { Permission, Reach } from '../../shared/domain/permissions'
import { AppError } from '../../shared/errors'
import type { Principal } from '../ports'

/** Where the permission of an endpoint holds for whoever asks. UNAUTHENTICATED for nobody, FORBIDDEN where it holds too little. */
export function authorise(
  { permission, scope }: { permission: Permission | 'public'; scope?: 'instance' | 'any' },
  principal: Principal | null,
): Reach {
  if (permission === 'public') return 'all'
  if (!principal)
    throw new AppError('UNAUTHENTICATED', 'Sign in, or send an API token: "Authorization: Bearer strata_…".')
  if (principal.mustAddTotp && permission !== 'account.self')
    throw new AppError(
      'TOTP_MISSING',
      'One-time codes are required for your account. Set them up on your account page; until then nothing else is open.',
    )
  const reach = reachOf(principal.grants, permission)
  if (reach === 'all' || (scope && reach.size > 0)) return reach
  const role = strongestRole(principal.grants)
  const whose = role ? `which ${role} does not have` : 'which you do not have over everything'
  throw new AppError('FORBIDDEN', `This needs the permission ${permission}, ${whose}. Ask an admin.`)
}

/** To those it is not given to, a server does not exist: the same words as for one that never did. */
export function requireReach(reach: Reach, instanceId: string | null): void {
  if (instanceId === null || !reaches(reach, instanceId))
    throw new AppError('NOT_FOUND', `There is no server with the id ${instanceId}.`)
}
