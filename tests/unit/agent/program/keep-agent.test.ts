import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepAgent, UPDATE_EXIT } from '../../../../agent/program/keep-agent'
import { programFiles, readFailure, sha256Of } from '../../../../agent/program/program-files'
import { temporaryFolder } from '../../../support/temporary-folder'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let keeper: ReturnType<typeof keepAgent> | undefined
let said: string[]

beforeEach(async () => {
  folder = await temporaryFolder()
  said = []
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

const files = () => programFiles(folder.path)
const lives = () => {
  const path = join(folder.path, 'lives')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}
function keep(readyWithinMs: number) {
  keeper = keepAgent({ folder: folder.path, readyWithinMs, say: line => said.push(line) })
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
      message: expect.stringMatching(/was not ready after 1.5 s.*waiting for something that never comes/),
    })
    expect(said).toHaveLength(1)
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
