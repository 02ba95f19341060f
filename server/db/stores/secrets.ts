import { eq } from 'drizzle-orm'
import type { SecretStore } from '../../ports'
import type { Database } from '../client'
import { secrets } from '../schema'

export function createSecretStore(db: Database): SecretStore {
  return {
    async read(name) {
      return db.select({ sealed: secrets.sealed }).from(secrets).where(eq(secrets.name, name)).get()?.sealed
    },
    async write(name, sealed, at) {
      db.insert(secrets)
        .values({ name, sealed, updatedAt: at })
        .onConflictDoUpdate({ target: secrets.name, set: { sealed, updatedAt: at } })
        .run()
    },
  }
}
