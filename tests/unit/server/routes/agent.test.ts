import { createHash } from 'node:crypto'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startApiServer, type ApiServer } from '../../../support/api-server'
import { temporaryFolder } from '../../../support/temporary-folder'

let api: ApiServer
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let bundle: string

beforeAll(async () => {
  api = await startApiServer()
  folder = await temporaryFolder()
  bundle = join(folder.path, 'strata-agent.mjs')
})
afterAll(async () => {
  await api.close()
  await folder.remove()
})
beforeEach(async () => {
  vi.stubEnv('STRATA_AGENT_BUNDLE', bundle)
  await writeFile(bundle, 'console.log("agent")\n')
})
afterEach(() => void vi.unstubAllEnvs())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('the agent that a brain hands out', () => {
  it('comes with its checksum, to anybody', async () => {
    const answer = await api.request('/agent/strata-agent.mjs')
    expect(answer.status).toBe(200)
    expect(answer.body).toBe('console.log("agent")\n')
    expect(answer.headers.get('x-strata-sha256')).toBe(sha256('console.log("agent")\n'))
    expect(answer.headers.get('content-type')).toContain('javascript')
    const line = await api.request('/agent/strata-agent.mjs.sha256')
    expect(line.body).toBe(`${sha256('console.log("agent")\n')}  strata-agent.mjs\n`)
  })

  it('is not sent again to whoever has it, until it changes', async () => {
    const first = await api.request('/agent/strata-agent.mjs')
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    const again = await api.request('/agent/strata-agent.mjs', { headers })
    expect([again.status, again.body]).toEqual([304, ''])
    await writeFile(bundle, 'console.log("newer")\n')
    await utimes(bundle, 1, 1)
    const changed = await api.request('/agent/strata-agent.mjs', { headers })
    expect([changed.status, changed.body]).toEqual([200, 'console.log("newer")\n'])
  })

  it('is missed in words when it was not built', async () => {
    await rm(bundle)
    const answer = await api.request('/agent/strata-agent.mjs')
    expect(answer.status).toBe(404)
    expect(answer.body).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('npm run build') as string })
  })
})
