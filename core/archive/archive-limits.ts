import { POLICY } from '../../shared/domain/policy'

/** What an archive may hold at most; see `POLICY.archive` for each number's reason. */
export type ArchiveLimits = { -readonly [Name in keyof typeof POLICY.archive]: number }

/** The limits of the house, with some of them changed. */
export function archiveLimits(changed: Partial<ArchiveLimits> = {}): ArchiveLimits {
  return { ...POLICY.archive, ...changed }
}
