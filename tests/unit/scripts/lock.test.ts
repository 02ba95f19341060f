import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLock, takeLock } from '../../../scripts/lock.mjs'
import { identify } from '../../../scripts/process-identity.mjs'

const lockModule = pathToFileURL(join(import.meta.dirname, '../../../scripts/lock.mjs')).href
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-lock-'))
  file = join(folder, 'some.lock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function deadIdentity() {
  const child = spawn(process.execPath, ['-e', ''])
  const identity = identify(child.pid)
  await once(child, 'close')
  return identity
}

test('a second taker is told who has it, with what the holder adds later', () => {
  const lock = takeLock(file, { url: null })
  lock.update?.({ url: 'http://127.0.0.1:3000' })
  expect(takeLock(file)).toEqual({ holder: { ...identify(process.pid), url: 'http://127.0.0.1:3000' } })
})

test('once released it can be taken again, and nothing else is left in the folder', () => {
  takeLock(file).release?.()
  expect(takeLock(file).holder).toBeNull()
  expect(readdirSync(folder)).toEqual(['some.lock'])
})

test('the lock of a dead process is taken over', async () => {
  writeFileSync(file, JSON.stringify(await deadIdentity()))
  expect(takeLock(file).holder).toBeNull()
  expect(readLock(file)).toMatchObject({ pid: process.pid })
})

test('a living process with the same pid but another start is not the holder', () => {
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAs: 'another boot:1' }))
  expect(takeLock(file).holder).toBeNull()
})

test('of many processes that find a stale lock at once only one is inside at a time', async () => {
  writeFileSync(file, JSON.stringify(await deadIdentity()))
  const journal = join(folder, 'journal')
  const program = `
    import { appendFileSync } from 'node:fs'
    import { withLock } from ${JSON.stringify(lockModule)}
    await withLock(${JSON.stringify(file)}, 'testing', async () => {
      appendFileSync(${JSON.stringify(journal)}, 'in ' + process.pid + '\\n')
      await new Promise(resolve => setTimeout(resolve, 20))
      appendFileSync(${JSON.stringify(journal)}, 'out ' + process.pid + '\\n')
    })`
  const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['--input-type=module', '-e', program]))
  await Promise.all(children.map(child => once(child, 'close')))
  const lines = readFileSync(journal, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(12)
  for (let at = 0; at < lines.length; at += 2) expect(lines[at + 1]).toBe(lines[at]?.replace('in', 'out'))
})
