import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isAlive } from '../../../scripts/process-identity.mjs'
import { lastLines, supervise } from '../../../scripts/supervised.mjs'

let folder: string
let logFile: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-supervised-'))
  logFile = join(folder, 'logs', 'program.log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const program = (code: string) => ({ args: ['-e', code], env: () => process.env, logFile })

test('an end nobody asked for is told, and the program starts again', async () => {
  const starts: { pid: number }[] = []
  const ends: unknown[] = []
  const supervised = supervise({
    ...program('console.log("here"); process.exit(7)'),
    onStart: identity => starts.push(identity),
    onEnd: end => ends.push(end) < 2,
  })
  await vi.waitFor(() => expect(ends).toHaveLength(2), 10_000)
  expect(ends).toEqual([
    { code: 7, signal: null, delayMs: 1_000 },
    { code: 7, signal: null, delayMs: 2_000 },
  ])
  expect(new Set(starts.map(({ pid }) => pid)).size).toBe(2)
  expect(lastLines(logFile)).toBe('here\nhere')
  await supervised.stop(1_000)
})

test('a program that was told to stop is gone, and nobody is told of an end', async () => {
  let identity: unknown
  const onEnd = vi.fn()
  const supervised = supervise({
    ...program('setInterval(() => {}, 1000)'),
    onStart: started => (identity = started),
    onEnd,
  })
  expect(isAlive(identity)).toBe(true)
  await supervised.stop(5_000)
  expect(isAlive(identity)).toBe(false)
  expect(onEnd).not.toHaveBeenCalled()
})

test('one that does not listen is killed after its grace', async () => {
  const onMessage = vi.fn()
  const code = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.send("deaf")'
  const supervised = supervise({ ...program(code), onMessage, onEnd: vi.fn() })
  await vi.waitFor(() => expect(onMessage).toHaveBeenCalled(), 5_000)
  const before = Date.now()
  await supervised.stop(200)
  expect(Date.now() - before).toBeLessThan(5_000)
})

test('a log that grew too large is set aside once and begins anew', async () => {
  const first = supervise({ ...program(''), onEnd: () => false })
  await first.stop(1_000)
  writeFileSync(logFile, 'x'.repeat(11 * 1024 * 1024))
  const second = supervise({ ...program('console.log("new")'), onEnd: () => false })
  await vi.waitFor(() => expect(readFileSync(logFile, 'utf8')).toBe('new\n'), 5_000)
  expect(statSync(`${logFile}.1`).size).toBe(11 * 1024 * 1024)
  await second.stop(1_000)
})
