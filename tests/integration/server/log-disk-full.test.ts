import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createJsonLog } from '../../../core/log/json-log'
import { openLogOutput } from '../../../core/log/log-output'
import { trimLog } from '../../../scripts/supervised.mjs'
import { temporaryFolder } from '../../support/temporary-folder'

const run = promisify(execFile)
const MIB = 1024 ** 2

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let mount: string
beforeEach(async () => {
  folder = await temporaryFolder()
  mount = join(folder.path, 'small-disk')
  await mkdir(mount)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount])
})
afterEach(async () => {
  await run('umount', ['--lazy', mount])
  await folder.remove()
})

const messages = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { msg: string; at?: number; lines?: number })

it('outlives a full disk: what waited is written when there is room again, and what was lost is said', async () => {
  const path = join(mount, 'brain.log')
  const log = createJsonLog('info', openLogOutput({ path, maxBytes: MIB, keep: 2 }))
  log.info({ at: 0 }, 'before')
  await writeFile(join(mount, 'ballast'), Buffer.alloc(2 * MIB)).catch(() => {})
  for (let at = 1; at <= 100; at++) log.info({ at, filling: 'x'.repeat(200) }, 'while it is full')
  await rm(join(mount, 'ballast'))
  log.info({ at: 101 }, 'after')
  expect((await messages(path)).map(line => line.at)).toEqual(Array.from({ length: 102 }, (_, at) => at))

  await writeFile(join(mount, 'ballast'), Buffer.alloc(2 * MIB)).catch(() => {})
  for (let at = 0; at < 20_000; at++) log.info({ filling: 'x'.repeat(200) }, 'far too much')
  await rm(join(mount, 'ballast'))
  log.info({}, 'there is room')
  const told = [...(await messages(`${path}.1`)), ...(await messages(path))].find(line =>
    line.msg.startsWith('Lines of this log were lost'),
  )
  expect(told?.lines).toBeGreaterThan(1_000)
})

it('gives the room of a log back where there is none to keep an older one', async () => {
  const path = join(mount, 'program.log')
  await writeFile(path, Buffer.alloc(1.5 * MIB))
  trimLog(path, MIB)
  expect((await stat(path)).size).toBe(0)
  expect(await readdir(mount)).toEqual(['program.log'])
  trimLog(join(mount, 'missing.log'), MIB)
})
