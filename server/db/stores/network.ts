import type { Database } from '../client'
import { immediate } from '../client'
import { network } from '../schema'

/** The id of the network that this database describes; the given one when it has none yet. */
export function readNetworkId(db: Database, fresh: { id: string; now: number }): string {
  return immediate(db, tx => {
    const known = tx.select({ id: network.id }).from(network).limit(1).get()
    if (known) return known.id
    tx.insert(network).values({ id: fresh.id, createdAt: fresh.now }).run()
    return fresh.id
  })
}
