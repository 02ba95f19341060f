import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isAlive } from '../../../scripts/process-identity.mjs'
import { freePort } from '../../support/strata'
import { waitFor } from '../../support/wait-for'

const LAUNCH = join(import.meta.dirname, '../../../scripts/launch.mjs')
const identity = z.object({ pid: z.int(), startedAs: z.string() })
const record = identity.extend({ brain: identity, agent: identity, url: z.string() })

let folder: string
let env: NodeJS.ProcessEnv
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-start-'))
  chmodSync(folder, 0o755)
  port = await freePort()
  env = {
    PATH: process.env.PATH,
    STRATA_PORT: String(port),
    STRATA_DATA_DIR: join(folder, 'data'),
    STRATA_EXAMPLE: 'off',
  }
})
afterAll(() => {
  spawnSync(process.execPath, [LAUNCH, 'stop'], { env })
  rmSync(folder, { recursive: true, force: true })
})

const readRecord = () => record.parse(JSON.parse(readFileSync(join(folder, 'data', 'launcher.json'), 'utf8')))

async function startAndWait() {
  const launcher = spawn(process.execPath, [LAUNCH, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [launcher.stdout, launcher.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = once(launcher, 'close')
  await waitFor('the launcher to say that Strata runs', () => {
    if (launcher.exitCode !== null) throw new Error(said)
    return said.includes('Ctrl-C')
  })
  return { launcher, ended, said: () => said }
}

const answersWell = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
const isConnected = () =>
  readFileSync(join(folder, 'data', 'logs', 'agent.log'), 'utf8').includes('Connected to the brain')

describe('npm start', () => {
  let running: Awaited<ReturnType<typeof startAndWait>>

  test('starts the brain and a local node that joins by itself, and says where', async () => {
    running = await startAndWait()
    expect(running.said()).toContain(`http://127.0.0.1:${port}`)
    expect(running.said()).toMatch(/make the first account here, once: http:\S+\/setup\?token=\S+/)
    await waitFor('the local node to be connected', isConnected)
  })

  test('a second one says where the first is, and changes nothing', () => {
    const before = readRecord()
    const second = spawnSync(process.execPath, [LAUNCH, 'start'], { env, encoding: 'utf8' })
    expect(second.status).toBe(1)
    expect(second.stderr).toContain(
      `runs already (process ${running.launcher.pid}); its panel is at http://127.0.0.1:${port}`,
    )
    expect(readRecord()).toEqual(before)
  })

  test('a brain and an agent that are killed come back, and this is said', async () => {
    const before = readRecord()
    for (const { pid } of [before.brain, before.agent]) process.kill(pid, 'SIGKILL')
    await waitFor('both to be started again', () => {
      const now = readRecord()
      return now.brain.pid !== before.brain.pid && now.agent.pid !== before.agent.pid
    })
    await waitFor('the brain to answer', answersWell)
    expect(running.said()).toContain('The brain ended by SIGKILL; starting it again')
    expect(running.said()).toContain('The agent ended by SIGKILL; starting it again')
  })

  test('after a killed launcher the next one takes over from what it left', async () => {
    const before = readRecord()
    running.launcher.kill('SIGKILL')
    await running.ended
    expect(isAlive(before.brain)).toBe(true)
    running = await startAndWait()
    expect(running.said()).toContain('left its brain or agent behind')
    expect([before.brain, before.agent].some(isAlive)).toBe(false)
  })

  test('a signal ends brain and agent and leaves with 0', async () => {
    const before = readRecord()
    running.launcher.kill('SIGINT')
    expect(await running.ended).toEqual([0, null])
    expect([before.brain, before.agent].some(isAlive)).toBe(false)
    expect(running.said()).toContain('No server of the local node runs')
  })

  test('a taken port is told in words, with the way on', async () => {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    const start = spawnSync(process.execPath, [LAUNCH, 'start'], { env, encoding: 'utf8' })
    server.close()
    expect(start.status).toBe(1)
    expect(start.stderr).toContain(
      `Port ${port} on 127.0.0.1 is taken by another program. Set STRATA_HOST or STRATA_PORT`,
    )
  })

  test('settings that are wrong are told with what the brain said', () => {
    const start = spawnSync(process.execPath, [LAUNCH, 'start'], {
      env: { ...env, STRATA_LOG_LEVEL: 'loud' },
      encoding: 'utf8',
    })
    expect(start.status).toBe(1)
    expect(start.stderr).toContain('STRATA_LOG_LEVEL')
  })

  test('npm stop ends a running Strata', async () => {
    running = await startAndWait()
    const before = readRecord()
    const stop = spawnSync(process.execPath, [LAUNCH, 'stop'], { env, encoding: 'utf8' })
    expect(stop.stderr).toBe('')
    expect(stop.status).toBe(0)
    expect([before, before.brain, before.agent].some(isAlive)).toBe(false)
  })
})
