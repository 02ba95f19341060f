import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLogOutput } from '../../../../core/log/log-output'
import { temporaryFolder } from '../../../support/temporary-folder'
import { waitFor } from '../../../support/wait-for'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const numbered = (number: number) => `${JSON.stringify({ number, filling: 'x'.repeat(80) })}\n`
const numbersIn = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map(line => (JSON.parse(line) as { number: number }).number)

it('puts a full file aside, keeps so many, and loses no line to a reader that follows it', async () => {
  const path = join(folder.path, 'logs', 'brain.log')
  const output = openLogOutput({ path, maxBytes: 100_000, keep: 3 })
  output.write(numbered(0))
  const reader = spawn('tail', ['-n', '+1', '--follow=name', '--retry', '--sleep-interval=0.01', path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let read = ''
  reader.stdout.on('data', (chunk: Buffer) => (read += chunk.toString()))
  await waitFor('the reader', () => read.includes('"number":0'))
  let next = 1
  for (let round = 0; round < 12; round++) {
    for (let at = 0; at < 300; at++) output.write(numbered(next++))
    await waitFor('the reader to catch up', () => read.includes(`"number":${next - 1},`))
  }
  reader.kill()
  await once(reader, 'close')
  expect(numbersIn(read)).toEqual(Array.from({ length: next }, (_, at) => at))
  expect(readdirSync(join(folder.path, 'logs')).sort()).toEqual([
    'brain.log',
    'brain.log.1',
    'brain.log.2',
    'brain.log.3',
  ])
  const kept = ['.3', '.2', '.1', ''].flatMap(age => numbersIn(readFileSync(path + age, 'utf8')))
  expect(kept.at(-1)).toBe(next - 1)
  expect(kept).toEqual(kept.map((_, at) => kept[0]! + at))
  for (const name of readdirSync(join(folder.path, 'logs'))) {
    const { size, mode } = statSync(join(folder.path, 'logs', name))
    expect(size).toBeLessThanOrEqual(100_000)
    expect(mode & 0o777).toBe(0o600)
  }
})

it('goes on where the program before left off', () => {
  const path = join(folder.path, 'agent.log')
  openLogOutput({ path, maxBytes: 600, keep: 1 }).write(numbered(1))
  const again = openLogOutput({ path, maxBytes: 600, keep: 1 })
  for (let at = 2; at <= 9; at++) again.write(numbered(at))
  expect([...numbersIn(readFileSync(`${path}.1`, 'utf8')), ...numbersIn(readFileSync(path, 'utf8'))]).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9,
  ])
})

it('says at once when the file cannot be written', () => {
  writeFileSync(join(folder.path, 'file'), '')
  expect(() => openLogOutput({ path: join(folder.path, 'file', 'brain.log'), maxBytes: 1, keep: 1 })).toThrow(
    /STRATA_LOG_FILE/,
  )
  mkdirSync(join(folder.path, 'brain.log'))
  expect(() => openLogOutput({ path: join(folder.path, 'brain.log'), maxBytes: 1, keep: 1 })).toThrow(/STRATA_LOG_FILE/)
})

it('goes on when files cannot take turns', () => {
  const path = join(folder.path, 'brain.log')
  const output = openLogOutput({ path, maxBytes: 500, keep: 1 })
  // In the place of the older file lies something that cannot be replaced.
  mkdirSync(`${path}.1/in-the-way`, { recursive: true })
  for (let at = 0; at < 20; at++) output.write(numbered(at))
  expect(numbersIn(readFileSync(path, 'utf8'))).toHaveLength(20)
  renameSync(`${path}.1`, join(folder.path, 'away'))
  output.write(numbered(20))
  expect(numbersIn(readFileSync(path, 'utf8'))).toEqual([20])
})
