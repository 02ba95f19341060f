import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { endProcess, identify, isAlive } from '../../../scripts/process-identity.mjs'

test('a process is alive only under its own start', () => {
  const own = identify(process.pid)
  expect(isAlive(own)).toBe(true)
  expect(isAlive({ ...own, startedAs: `${String(own.startedAs)}0` })).toBe(false)
  expect(isAlive(null)).toBe(false)
})

test('a process that is gone is not alive', async () => {
  const child = spawn('sleep', ['60'])
  const identity = identify(child.pid)
  expect(isAlive(identity)).toBe(true)
  child.kill()
  await once(child, 'close')
  expect(isAlive(identity)).toBe(false)
})

test('a process that ignores being asked is killed after its grace', async () => {
  const child = spawn(process.execPath, [
    '-e',
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")',
  ])
  await once(child.stdout, 'data')
  const closed = once(child, 'close')
  await endProcess(identify(child.pid), 100)
  expect(await closed).toEqual([null, 'SIGKILL'])
})
