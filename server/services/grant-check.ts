import { AppError } from '../../shared/errors'
import type { NarrowGrant } from '../../shared/schemas/account'
import type { InstanceStore } from '../ports'

/** Throws INSTANCE_UNKNOWN, with the place of each, for grants over servers that do not exist or are destroyed. */
export function createGrantCheck(instances: Pick<InstanceStore, 'find'>) {
  return async (grants: readonly NarrowGrant[]): Promise<void> => {
    const found = await Promise.all(grants.map(grant => instances.find(grant.scope.id)))
    const issues = found.flatMap((record, index) =>
      record && record.state !== 'DESTROYED'
        ? []
        : [{ path: `grants[${index}].scope.id`, message: `there is no server ${grants[index]?.scope.id}` }],
    )
    if (issues.length > 0)
      throw new AppError(
        'INSTANCE_UNKNOWN',
        'A grant names a server that is not there. Choose among those that exist.',
        {
          issues,
        },
      )
  }
}
