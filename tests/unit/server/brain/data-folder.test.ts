import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadKeys, openDataFolder } from '../../../../server/brain/data-folder'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

/** Another process that holds the lock until it dies. */
async function otherBrain(path: string) {
  const script = `
    import Database from 'better-sqlite3'
    import { writeFileSync } from 'node:fs'
    new Database(process.argv[1] + '/brain.lock').exec('BEGIN EXCLUSIVE')
    writeFileSync(process.argv[1] + '/brain.pid', JSON.stringify({ pid: process.pid }))
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

it('is for one brain at a time, in one process', () => {
  const first = openDataFolder(folder.path)
  expect(() => openDataFolder(folder.path)).toThrow(
    `Another brain (pid ${process.pid}) uses the data folder ${folder.path}`,
  )
  first.release()
  openDataFolder(folder.path).release()
})

it('names another process that holds it, and is free the moment that one is killed', async () => {
  const child = await otherBrain(folder.path)
  expect(() => openDataFolder(folder.path)).toThrow(`pid ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  openDataFolder(folder.path).release()
})

it('says in words that it cannot be written', async () => {
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  expect(() => openDataFolder(join(file, 'data'))).toThrow('Set STRATA_DATA_DIR')
})

it('makes keys once, for nobody else to read', async () => {
  const data = openDataFolder(folder.path)
  const keys = loadKeys(data)
  expect(loadKeys(data)).toEqual(keys)
  expect(keys.secretBox).toHaveLength(32)
  expect(new Set([keys.session, keys.secretBox.toString('hex'), keys.urlSigning.toString('hex')]).size).toBe(3)
  expect((await stat(join(folder.path, 'keys'))).mode & 0o777).toBe(0o700)
  for (const name of ['session', 'secret-box', 'url-signing'])
    expect((await stat(join(folder.path, 'keys', name))).mode & 0o777).toBe(0o600)
  data.release()
})

it('closes a key file that others could read, and refuses a damaged one', async () => {
  const data = openDataFolder(folder.path)
  loadKeys(data)
  const file = join(folder.path, 'keys', 'session')
  await chmod(file, 0o644)
  loadKeys(data)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, 20))
  expect(() => loadKeys(data)).toThrow('damaged')
  await rm(file)
  await mkdir(file)
  expect(() => loadKeys(data)).toThrow('cannot be read')
  data.release()
})
