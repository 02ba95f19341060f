import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../../../../server/db/client'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

it('syncs every commit and watches over references', () => {
  const { sqlite, close } = openDatabase(join(folder.path, 'x.db'))
  const FULL = 2
  expect(
    ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map(name => sqlite.pragma(name, { simple: true })),
  ).toEqual(['wal', FULL, 1, 5_000])
  close()
})

it('is for nobody else on the machine to read, nor is the log beside it', async () => {
  const { sqlite, close } = openDatabase(join(folder.path, 'x.db'))
  sqlite.exec('CREATE TABLE t (a)')
  for (const name of ['x.db', 'x.db-wal', 'x.db-shm'])
    expect((await stat(join(folder.path, name))).mode & 0o777, name).toBe(0o600)
  close()
})
