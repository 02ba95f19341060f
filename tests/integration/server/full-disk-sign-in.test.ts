import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { POLICY } from '../../../shared/domain/policy'
import { ADMIN, startApiServer } from '../../support/api-server'
import type { ApiServer } from '../../support/api-server'
import { temporaryFolder } from '../../support/temporary-folder'

const run = promisify(execFile)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let mount: string
let api: ApiServer
let now: number

beforeEach(async () => {
  folder = await temporaryFolder()
  mount = join(folder.path, 'small-disk')
  await mkdir(mount)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount])
  now = Date.now()
  api = await startApiServer({
    env: { STRATA_DATA_DIR: join(mount, 'data'), STRATA_LOG_LEVEL: 'silent' },
    parts: { clock: { now: () => now, monotonic: () => performance.now() } },
  })
})
afterEach(async () => {
  await api.close()
  await run('umount', [mount])
  await folder.remove()
})

/** Until nothing more fits. */
async function fill(): Promise<string> {
  const file = join(mount, 'filler')
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(4_096)
    })(),
  )
  await pipeline(endless, createWriteStream(file)).catch(() => {})
  return file
}

it('a full disk of the brain: who is signed in reads on, who signs in is told why not, and all goes on once there is room', async () => {
  const cookie = await api.signIn(ADMIN.username, ADMIN.password)
  const { token } = (
    await api.request('/api/v1/tokens', { method: 'POST', cookie, json: { name: 'monitor', role: 'viewer' } })
  ).body as { token: string }
  const filler = await fill()
  const login = () => api.request('/api/v1/auth/login', { method: 'POST', json: ADMIN })
  expect(await login()).toMatchObject({
    status: 503,
    body: { code: 'DISK_FULL', detail: expect.stringContaining('The disk of the brain is full') },
  })
  // Time to note anew when they were last seen.
  now += POLICY.session.seenEveryMs + 1
  expect((await api.request('/api/v1/status', { cookie })).status).toBe(200)
  expect((await api.request('/api/v1/status', { token })).status).toBe(200)
  await rm(filler)
  expect((await login()).status).toBe(200)
})
