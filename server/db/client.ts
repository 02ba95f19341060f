import { chmodSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import * as schema from './schema'

export type Database = BetterSQLite3Database<typeof schema>
/** What a callback of `immediate` gets: the same queries, inside the transaction. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

export interface DatabaseHandle {
  db: Database
  sqlite: BetterSqlite3.Database
  /** Throws when the database cannot be read. */
  probe(): void
  close(): void
}

/**
 * Opens (or makes) the database file. What was acknowledged survives a power cut: every commit is synced
 * (`synchronous=FULL`; the WAL default would not do so). `:memory:` is fine for tests.
 */
export function openDatabase(file: string): DatabaseHandle {
  const sqlite = new BetterSqlite3(file)
  // Before the first write: the log beside it gets the same mode. Others on the machine, such as servers, must not read it.
  if (!sqlite.memory) chmodSync(file, 0o600)
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma('foreign_keys = ON')
  sqlite.pragma('busy_timeout = 5000')
  return {
    db: drizzle(sqlite, { schema }),
    sqlite,
    probe: () => void sqlite.prepare('SELECT 1').get(),
    close: () => void sqlite.close(),
  }
}

/**
 * Runs a read-then-write as one transaction that takes the write lock at once, so that nobody writes between
 * the two. The callback is synchronous: an `await` inside would end up outside of the transaction.
 */
export function immediate<Result>(
  db: Database,
  run: (tx: Transaction) => Result extends Promise<unknown> ? never : Result,
): Result {
  return db.transaction(tx => run(tx) as Result, { behavior: 'immediate' })
}
