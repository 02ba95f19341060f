import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../../../../server/db/client'
import { findMigrations, migrateDatabase } from '../../../../server/db/migrate'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

async function migrations(...statements: string[]): Promise<string> {
  const path = join(folder.path, `migrations-${statements.length}`)
  await mkdir(join(path, 'meta'), { recursive: true })
  const entries = statements.map((_, idx) => ({
    idx,
    version: '6',
    when: 1_000 + idx,
    tag: `000${idx}`,
    breakpoints: true,
  }))
  await writeFile(join(path, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'sqlite', entries }))
  for (const [idx, statement] of statements.entries()) await writeFile(join(path, `000${idx}.sql`), statement)
  return path
}

const ONE =
  'CREATE TABLE parents (id INTEGER PRIMARY KEY);--> statement-breakpoint\nCREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents(id) ON DELETE CASCADE);'
const REBUILD =
  'CREATE TABLE next (id INTEGER PRIMARY KEY, name TEXT);--> statement-breakpoint\nINSERT INTO next (id) SELECT id FROM parents;--> statement-breakpoint\nDROP TABLE parents;--> statement-breakpoint\nALTER TABLE next RENAME TO parents;'
const open = () => openDatabase(join(folder.path, 'strata.db'))
const backups = () => readdir(join(folder.path, 'backups')).catch(() => [])

it('makes a new database without a copy, and does nothing the second time', async () => {
  const database = open()
  const options = { migrationsDir: await migrations(ONE), backupDir: join(folder.path, 'backups'), now: 0 }
  expect(migrateDatabase(database, options)).toEqual({ applied: 1, backup: null })
  expect(migrateDatabase(database, options)).toEqual({ applied: 0, backup: null })
  expect(await backups()).toEqual([])
  database.close()
})

it('copies a database with content before it changes it, and keeps rows whose table is rebuilt', async () => {
  const database = open()
  const backupDir = join(folder.path, 'backups')
  migrateDatabase(database, { migrationsDir: await migrations(ONE), backupDir, now: 0 })
  database.sqlite.exec('INSERT INTO parents VALUES (7); INSERT INTO children VALUES (1, 7)')
  const result = migrateDatabase(database, { migrationsDir: await migrations(ONE, REBUILD), backupDir, now: 0 })

  expect(database.sqlite.prepare('SELECT count(*) AS n FROM children').get()).toEqual({ n: 1 })
  expect(database.sqlite.pragma('foreign_keys', { simple: true })).toBe(1)
  expect(await backups()).toHaveLength(1)
  const copy = openDatabase(result.backup ?? '')
  expect(copy.sqlite.prepare('SELECT id FROM parents').all()).toEqual([{ id: 7 }])
  expect(() => copy.sqlite.prepare('SELECT name FROM parents')).toThrow('no such column')
  copy.close()
  database.close()
})

it('leaves the database as it was when a migration fails', async () => {
  const database = open()
  migrateDatabase(database, { migrationsDir: await migrations(ONE), backupDir: null, now: 0 })
  const broken = await migrations(ONE, 'CREATE TABLE more (id INTEGER);--> statement-breakpoint\nNONSENSE;')
  expect(() => migrateDatabase(database, { migrationsDir: broken, backupDir: null, now: 0 })).toThrow()
  expect(database.sqlite.prepare(`SELECT name FROM sqlite_master WHERE name = 'more'`).get()).toBeUndefined()
  expect(database.sqlite.pragma('foreign_keys', { simple: true })).toBe(1)
  database.close()
})

it('refuses a database that a newer version wrote, and leaves it untouched', async () => {
  const database = open()
  migrateDatabase(database, { migrationsDir: await migrations(ONE, REBUILD), backupDir: null, now: 0 })
  const old = await migrations(ONE)
  expect(() => migrateDatabase(database, { migrationsDir: old, backupDir: null, now: 0 })).toThrow(
    'Start the newer version again',
  )
  expect(database.sqlite.prepare('SELECT count(*) AS n FROM __drizzle_migrations').get()).toEqual({ n: 2 })
  database.close()
})

it('keeps everybody’s role when grants get narrower scopes', () => {
  const database = open()
  const first = join(folder.path, 'first')
  cpSync(findMigrations(), first, { recursive: true })
  const journal = join(first, 'meta', '_journal.json')
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8')) as { entries: unknown[] }
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.slice(0, 1) }))
  migrateDatabase(database, { migrationsDir: first, backupDir: null, now: 1 })
  database.sqlite.exec("insert into grants values ('user', 'anna', 'admin', 'all')")
  migrateDatabase(database, { migrationsDir: findMigrations(), backupDir: null, now: 2 })
  expect(database.sqlite.prepare('select role, scope, scope_id from grants').all()).toEqual([
    { role: 'admin', scope: 'all', scope_id: '' },
  ])
  database.close()
})
