import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Consoles } from '../../../../agent/runtime/console'
import { POLICY } from '../../../../shared/domain/policy'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const line = (text: string, position = text) => ({ text, position, at: null })

describe('consoles on disk', () => {
  it('go on where they were, in lines and in position', async () => {
    const first = await new Consoles(folder.path).open('i-1', 'run-1')
    expect(first.position()).toBeNull()
    await first.write([line('one'), line('two'), line('')])
    const again = await new Consoles(folder.path).open('i-1', 'run-1')
    expect(again.position()).toBe('')
    expect((await again.write([line('four with blanks', '4')])).map(kept => kept.number)).toEqual([3])
    expect((await again.read(10)).lines.map(kept => [kept.number, kept.text])).toEqual([
      [0, 'one'],
      [1, 'two'],
      [2, ''],
      [3, 'four with blanks'],
    ])
    expect((await again.read(2)).lines.map(kept => kept.text)).toEqual(['', 'four with blanks'])
  })

  it('forget a line that a crash cut off, and read it again', async () => {
    const first = await new Consoles(folder.path).open('i-1', 'run-1')
    await first.write([line('one', '10'), line('two', '20')])
    const path = join(folder.path, 'console', 'i-1', 'run-1')
    appendFileSync(join(path, readdirSync(path)[0] ?? ''), '2 30 thr')
    const again = await new Consoles(folder.path).open('i-1', 'run-1')
    expect(again.position()).toBe('20')
    await again.write([line('three', '30')])
    expect((await again.read(10)).lines.map(kept => kept.text)).toEqual(['one', 'two', 'three'])
  })

  it('keep 5 MB of a run, and answer with at most what is asked for', async () => {
    const console = await new Consoles(folder.path).open('i-1', 'run-1')
    const text = 'x'.repeat(10_000)
    for (let batch = 0; batch < 70; batch++)
      await console.write(Array.from({ length: 10 }, (_, index) => line(text, String(batch * 10 + index))))
    const { lines, truncated } = await console.read(10_000, Number.MAX_SAFE_INTEGER)
    expect(truncated).toBe(false)
    expect(lines.length * 10_000).toBeLessThanOrEqual(POLICY.console.keptBytesPerRun)
    expect(lines.length * 10_000).toBeGreaterThan(POLICY.console.keptBytesPerRun * 0.8)
    expect([lines.at(-1)?.number, lines[0]?.number]).toEqual([699, 700 - lines.length])
    const bounded = await console.read(10_000)
    expect(bounded.truncated).toBe(true)
    expect(bounded.lines.length * 10_000).toBeLessThanOrEqual(POLICY.channel.boundedAnswerBytes)
    expect(bounded.lines.at(-1)?.number).toBe(699)
  })

  it('keep the last five runs, and find one by its id', async () => {
    const consoles = new Consoles(folder.path)
    for (let run = 1; run <= 7; run++)
      await (await consoles.open('i-1', `run-${run}`)).write([line(`of run ${run}`, String(run))])
    expect(await consoles.find('i-1', 'run-2')).toBeNull()
    expect((await (await consoles.find('i-1', 'run-3'))?.read(1))?.lines[0]?.text).toBe('of run 3')
    expect((await consoles.find('i-1'))?.runId).toBe('run-7')
    await consoles.remove('i-1')
    expect(await consoles.find('i-1')).toBeNull()
  })
})
