import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createBrain } from '../../../../server/brain/create-brain'
import { loadSettings } from '../../../../server/brain/settings'
import { openDatabase } from '../../../../server/db/client'
import { cheapPasswords } from '../../../support/passwords'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const URL_HERE = new URL('http://127.0.0.1:3000')
const brainHere = () =>
  createBrain(
    loadSettings({
      STRATA_DATA_DIR: folder.path,
      STRATA_LOG_LEVEL: 'silent',
      STRATA_ADMIN_USER: 'admin',
      STRATA_ADMIN_PASSWORD: 'a-good-long-password',
    }),
    { passwords: cheapPasswords },
  )

it('refuses a second brain on its folder, and gives the folder back when it stops', async () => {
  const brain = brainHere()
  expect(() => brainHere()).toThrow('Another brain')
  await brain.start(URL_HERE)
  await brain.stop()
  await brain.stop()
  await brainHere().stop()
})

it('gives the folder back when the database is refused', async () => {
  const brain = brainHere()
  await brain.stop()
  const database = openDatabase(join(folder.path, 'strata.db'))
  database.sqlite
    .prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
    .run('of-tomorrow', Date.UTC(2099, 0, 1))
  database.close()
  expect(() => brainHere()).toThrow('written by another version of Strata')
  expect(() => brainHere()).toThrow('written by another version of Strata')
})

it('refuses to start with another key file than the one its secrets were sealed with', async () => {
  const first = brainHere()
  await first.start(URL_HERE)
  await first.stop()
  await rm(join(folder.path, 'keys', 'secret-box'))
  const second = brainHere()
  await expect(second.start(URL_HERE)).rejects.toThrow('Put it back from a backup')
  await second.stop()
})
