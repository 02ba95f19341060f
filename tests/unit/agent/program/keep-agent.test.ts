import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepAgent, UPDATE_EXIT } from '../../../../agent/program/keep-agent'
import { programFiles, readFailure, sha256Of } from '../../../../agent/program/program-files'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let keeper: ReturnType<typeof keepAgent> | undefined
let said: string[]
let looks: number
let isThere: boolean

beforeEach(async () => {
  folder = await temporaryFolder()
  said = []
  looks = 0
  isThere = true
})
afterEach(async () => {
  keeper?.stop()
  await keeper?.ended
  keeper = undefined
  await folder.remove()
})

/** Notes that it lives in `lives`, says that it has come up, and stays until it is told to end. */
const GOOD = (name: string) => `
import { appendFileSync } from 'node:fs'
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(1))
setInterval(() => {}, 1_000)
appendFileSync(process.env.STRATA_KEEPER + '/lives', '${name}\\n')
process.send('ready')
`
/** Lives, is busy with something, and never comes up; a polite request does not end it. */
const HANGING = `
import { appendFileSync } from 'node:fs'
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(1))
setInterval(() => {}, 1_000)
console.error('waiting for something that never comes')
appendFileSync(process.env.STRATA_KEEPER + '/lives', 'hanging\\n')
`

/** Holds its servers, and tells the brain once `heard` lies beside it. */
const SUPERVISING_ONLY = `
import { appendFileSync, existsSync } from 'node:fs'
process.on('disconnect', () => process.exit(1))
process.on('SIGTERM', () => process.exit(0))
setInterval(() => existsSync(process.env.STRATA_KEEPER + '/heard') && process.send('ready'), 50)
appendFileSync(process.env.STRATA_KEEPER + '/lives', 'supervising\\n')
process.send('supervising')
`

const files = () => programFiles(folder.path)
const lives = () => {
  const path = join(folder.path, 'lives')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}
function keep(readyWithinMs: number) {
  keeper = keepAgent({
    folder: folder.path,
    readyWithinMs,
    lookEveryMs: 50,
    isBrainThere: async () => {
      looks++
      return isThere
    },
    say: line => said.push(line),
  })
}

describe('a newer agent', () => {
  it('that hangs is ended after its time, and the one before runs again', async () => {
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, HANGING)
    keep(1_500)
    await expect.poll(lives, { timeout: 15_000 }).toEqual(['hanging', 'before'])
    expect(existsSync(files().next)).toBe(false)
    expect(readFailure(folder.path)).toMatchObject({
      sha256: sha256Of(HANGING),
      message: expect.stringMatching(/did not hold its servers after 1.5 s.*waiting for something that never comes/),
    })
    expect(said).toHaveLength(1)
  })

  it.each([
    ['while the brain is there', true],
    ['also while the brain is away: holding its servers is its own matter', false],
  ])('that hangs is not waited for, %s', async (_what, there) => {
    isThere = there
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, HANGING)
    keep(500)
    await expect
      .poll(() => readFailure(folder.path)?.message, { timeout: 15_000 })
      .toContain('did not hold its servers')
    await expect.poll(() => lives().at(-1), { timeout: 15_000 }).toBe('before')
  })

  it('that holds its servers while the brain is away is waited with, and stays once the brain hears of it', async () => {
    isThere = false
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, SUPERVISING_ONLY)
    keep(300)
    await expect.poll(() => looks, { timeout: 15_000 }).toBeGreaterThan(20)
    expect(lives()).toEqual(['supervising'])
    expect(said).toEqual([])
    isThere = true
    writeFileSync(join(folder.path, 'heard'), '')
    await expect.poll(() => existsSync(files().next), { timeout: 15_000 }).toBe(false)
    expect(readFileSync(files().current, 'utf8')).toBe(SUPERVISING_ONLY)
    expect(readFailure(folder.path)).toBeNull()
  })

  it('that holds its servers, but of which a brain that is there hears nothing, is taken back', async () => {
    isThere = false
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, SUPERVISING_ONLY)
    keep(400)
    await expect.poll(() => looks, { timeout: 15_000 }).toBeGreaterThan(10)
    isThere = true
    await expect.poll(lives, { timeout: 15_000 }).toEqual(['supervising', 'before'])
    expect(readFailure(folder.path)?.message).toContain('the brain was there for 0.4 s and heard nothing of it')
  })

  it('that ends at once is taken back, with its last words', async () => {
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, `console.error('cannot read my own record'); process.exit(3)`)
    keep(15_000)
    await expect.poll(lives, { timeout: 15_000 }).toEqual(['before'])
    expect(readFailure(folder.path)?.message).toMatch(/exit code 3\..*cannot read my own record/)
  })

  it('that comes up takes the place, and leaves the one before for a person to go back to', async () => {
    writeFileSync(files().current, GOOD('before'))
    writeFileSync(files().next, GOOD('newer'))
    keep(15_000)
    await expect.poll(() => existsSync(files().next), { timeout: 15_000 }).toBe(false)
    expect(readFileSync(files().current, 'utf8')).toBe(GOOD('newer'))
    expect(readFileSync(files().previous, 'utf8')).toBe(GOOD('before'))
    expect(readFailure(folder.path)).toBeNull()
  })

  it('is gone on with when the agent ends for it; any other end is the end of the keeper', async () => {
    writeFileSync(
      files().current,
      `import { writeFileSync } from 'node:fs'
       writeFileSync(process.env.STRATA_KEEPER + '/strata-agent.next.mjs', 'process.send("ready", () => process.exit(4))')
       process.exit(${UPDATE_EXIT})`,
    )
    keep(15_000)
    expect(await keeper?.ended).toBe(4)
  })
})
