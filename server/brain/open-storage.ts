import { openDatabase } from '../db/client'
import type { DatabaseHandle } from '../db/client'
import { findMigrations, migrateDatabase } from '../db/migrate'
import { loadKeys, openDataFolder } from './data-folder'
import type { DataFolder, Keys } from './data-folder'
import type { Log } from './log'

export interface Storage {
  folder: DataFolder
  database: DatabaseHandle
  keys: Keys
  /** Closes the database and gives the folder back. */
  close(): void
}

/**
 * Everything a brain keeps: its folder, locked; its keys; its database, at the version of this code. Whole or not at
 * all: when it throws (DataFolderError, MigrationError), the folder is free again.
 */
export function openStorage(dataDir: string, now: number, log: Log): Storage {
  const folder = openDataFolder(dataDir)
  let database: DatabaseHandle | undefined
  try {
    const keys = loadKeys(folder)
    database = openDatabase(folder.file('strata.db'))
    const { applied, backup } = migrateDatabase(database, {
      migrationsDir: findMigrations(),
      backupDir: folder.file('backups'),
      now,
    })
    if (backup) log.info({ backup, applied }, 'The database was copied, then migrated')
    return { folder, database, keys, close: () => closeAll(folder, database) }
  } catch (error) {
    closeAll(folder, database)
    throw error
  }
}

function closeAll(folder: DataFolder, database: DatabaseHandle | undefined): void {
  database?.close()
  folder.release()
}
