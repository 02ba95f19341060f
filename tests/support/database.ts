import { openDatabase } from '../../server/db/client'
import type { DatabaseHandle } from '../../server/db/client'
import { findMigrations, migrateDatabase } from '../../server/db/migrate'

/** A database in memory at the version of this code. */
export function openTestDatabase(): DatabaseHandle {
  const handle = openDatabase(':memory:')
  migrateDatabase(handle, { migrationsDir: findMigrations(), backupDir: null, now: 0 })
  return handle
}
