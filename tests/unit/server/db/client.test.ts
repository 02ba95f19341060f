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
