import { POLICY } from '../../shared/domain/policy'
import type { InstanceRecord } from '../record'

/**
 * A record with no time that the clock of now could not have written: one that was set back since (a machine that boots
 * without the time) would make a stop wait for its end, or a restart for its turn, for years.
 */
export function withinClock(
  record: InstanceRecord,
  { now, restart }: { now: () => number; restart: { delaysMs: readonly number[] } },
): InstanceRecord {
  const at = now()
  const latest = at + Math.max(0, ...restart.delaysMs)
  return {
    ...record,
    restartAt: record.restartAt === null ? null : Math.min(record.restartAt, latest),
    proof: record.proof && { ...record.proof, until: Math.min(record.proof.until, at + POLICY.prepare.proofKeptMs) },
    stop: record.stop && { ...record.stop, askedAt: Math.min(record.stop.askedAt, at) },
  }
}
