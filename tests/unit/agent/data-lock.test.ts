import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockDataFolder } from '../../../agent/data-lock'
import { identify } from '../../../agent/process-identity'
import { temporaryFolder } from '../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const lockFile = () => join(folder.path, 'agent.lock')
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

it('lets one agent work on a folder at a time', async () => {
  const lock = await lockDataFolder(folder.path)
  expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toEqual(identify(process.pid))
  await expect(lockDataFolder(folder.path)).rejects.toMatchObject({
    code: 'CONFLICT',
    detail: expect.stringContaining('STRATA_NODE_DATA_DIR'),
  })
  await lock.release()
  expect(existsSync(lockFile())).toBe(false)
  await (await lockDataFolder(folder.path)).release()
})

it('respects a living holder, and takes over from one whose pid belongs to somebody else now', async () => {
  const other = spawn('sleep', ['60'])
  await once(other, 'spawn')
  try {
    const holder = identify(other.pid ?? 0)
    writeFileSync(lockFile(), JSON.stringify(holder))
    await expect(lockDataFolder(folder.path)).rejects.toMatchObject({
      code: 'CONFLICT',
      detail: expect.stringContaining(String(other.pid)),
    })
    for (const stale of [
      { ...holder, startTicks: 1 },
      { ...holder, bootId: 'another-boot' },
    ]) {
      writeFileSync(lockFile(), JSON.stringify(stale))
      await (await lockDataFolder(folder.path)).release()
    }
  } finally {
    other.kill('SIGKILL')
  }
})

it('decides between two that find the same stale lock at the same moment', async () => {
  writeFileSync(lockFile(), JSON.stringify({ pid: 999_999_999, startTicks: 1, bootId: 'gone' }))
  const both = await Promise.allSettled([lockDataFolder(folder.path), lockDataFolder(folder.path)])
  expect(both.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const result of both) if (result.status === 'fulfilled') await result.value.release()
})
