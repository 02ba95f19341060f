import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { sha256 } from '../../shared/schemas/common'
import type { Clock, FactStore } from '../ports'

const FACT = 'objects.unused'
/** By checksum: when it was first found that no version points to these bytes. */
const firstSeen = z.record(sha256, z.number())

/**
 * Remembers since when bytes are of no use. They are kept for a while: after the database was put back from a backup it does not
 * know what was published since, and servers that run from that can only be taken over with these very bytes.
 */
export function createUnusedObjects({ facts, clock }: { facts: FactStore; clock: Pick<Clock, 'now'> }) {
  return {
    /** Goes through everything that is stored once. `finish` keeps what was found out. */
    async look() {
      const before = (await facts.read(FACT, firstSeen)) ?? {}
      const now = clock.now()
      const still: Record<string, number> = {}
      return {
        /** Of bytes that no version points to now: whether they have been so for long enough. */
        mayGo(hash: string): boolean {
          const since = before[hash] ?? now
          if (now - since >= POLICY.store.unusedKeptMs) return true
          still[hash] = since
          return false
        },
        finish: () => facts.write(FACT, still, now),
      }
    },
  }
}
