import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { z } from 'zod'
import type { DatabaseHandle } from './client'

const appliedRow = z.object({ hash: z.string(), createdAt: z.coerce.number() })
type Applied = z.output<typeof appliedRow>

/** Told at start, before anything else runs; the text is for whoever operates the brain. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/**
 * The nearest `drizzle` folder above the program: beside the sources when they run as they are, beside the bundle when
 * they were built. In Nitro's bundle `import.meta` is empty while plugins run; the file that Node was started with says
 * where it lies.
 */
export function findMigrations(): string {
  const sources: string | undefined = import.meta.dirname
  for (let folder = sources ?? dirname(process.argv[1] ?? ''); ; folder = dirname(folder)) {
    const candidate = join(folder, 'drizzle')
    if (existsSync(join(candidate, 'meta', '_journal.json'))) return candidate
    if (folder === dirname(folder))
      throw new MigrationError(
        'The folder "drizzle" with the database migrations is missing; build again with npm start.',
      )
  }
}

/**
 * Brings the database to the version of this code; synchronous, twice is the same as once. Before anything
 * is changed the file is copied whole into `backupDir`. Throws MigrationError for a database that a newer
 * Strata wrote, and leaves it untouched.
 */
export function migrateDatabase(
  handle: DatabaseHandle,
  options: { migrationsDir: string; backupDir: string | null; now: number },
): { applied: number; backup: string | null } {
  const { sqlite, db } = handle
  const known = readMigrationFiles({ migrationsFolder: options.migrationsDir })
  const applied = appliedMigrations(handle)
  const stranger = applied.find(row => !known.some(migration => migration.hash === row.hash))
  if (stranger) {
    throw new MigrationError(
      `The database was written by another version of Strata: it holds a migration of ${new Date(stranger.createdAt).toISOString()} that this version does not know. ` +
        'Start the newer version again, or put back the copy that it made before it migrated (folder "backups" of the data folder).',
    )
  }
  const pending = known.length - applied.length
  if (pending === 0) return { applied: 0, backup: null }

  let backup: string | null = null
  if (options.backupDir && applied.length > 0) {
    mkdirSync(options.backupDir, { recursive: true, mode: 0o700 })
    backup = join(options.backupDir, `before-migration-${new Date(options.now).toISOString().replaceAll(':', '-')}.db`)
    sqlite.prepare('VACUUM INTO ?').run(backup)
  }
  // A migration that rebuilds a table would cascade into its children; SQLite ignores the switch inside a transaction.
  sqlite.pragma('foreign_keys = OFF')
  try {
    migrate(db, { migrationsFolder: options.migrationsDir })
    const broken = sqlite.pragma('foreign_key_check')
    if (Array.isArray(broken) && broken.length > 0) {
      throw new MigrationError(
        `After the migration ${broken.length} rows point at nothing. ${backup ? `The database before it is ${backup}.` : ''}`,
      )
    }
  } finally {
    sqlite.pragma('foreign_keys = ON')
  }
  return { applied: pending, backup }
}

function appliedMigrations({ sqlite }: DatabaseHandle): Applied[] {
  const hasTable = sqlite
    .prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '__drizzle_migrations'`)
    .get()
  if (!hasTable) return []
  return z
    .array(appliedRow)
    .parse(sqlite.prepare('SELECT hash, created_at AS createdAt FROM __drizzle_migrations').all())
}
