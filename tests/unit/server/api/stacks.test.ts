import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StackPreview } from '../../../../shared/schemas/stack'
import type { Problem } from '../../../../shared/schemas/status'
import { file, symlink, tar } from '../../../factories/tar'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'

let api: ApiServer
let cookie: string

async function publish(address: string, ...entries: Buffer[]): Promise<void> {
  const [id, version] = address.split('@')
  const answer = await api.request(`/api/v1/templates/${id}/versions/${version}?type=custom`, {
    method: 'PUT',
    raw: new Uint8Array(tar(...entries)),
    cookie: await api.cookieOf('operator'),
  })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
}
async function preview(json: unknown) {
  const answer = await api.request('/api/v1/stacks/preview', { method: 'POST', json, cookie })
  return { status: answer.status, stack: answer.body as StackPreview, problem: answer.body as Problem }
}

beforeAll(async () => {
  api = await startApiServer()
  cookie = await api.cookieOf('viewer')
  const yaml =
    'variables: { MOTD: { default: hello }, KEY: { secret: true, required: true } }\nruntime: { image: base, command: [run, "${MOTD}"] }\n'
  await publish(
    'base@1',
    file('strata.yaml', yaml),
    file('a.txt', '${MOTD} ${NOBODY}'),
    file('b.bin', 'base'),
    file('old/x', ''),
  )
  await publish(
    'top@1',
    file('strata.yaml', 'remove: ["old/**"]\npaths: { seed: ["b.bin"] }\nruntime: { image: top }\n'),
    file('b.bin', 'top'),
  )
  await publish('top@2', file('b.bin', 'newer'))
  await publish('link@1', symlink('down/up', '../b.bin'))
  await publish('deep@1', file('down', 'no folder any more'))
})
afterAll(() => api.close())

describe('a preview', () => {
  it('says for every path who wins and whom it overrides, and merges the runtime', async () => {
    const { status, stack } = await preview({
      layers: [{ template: 'base' }, { template: 'top', version: '1' }],
      variables: { KEY: 'secret-value' },
    })
    expect(status).toBe(200)
    expect(stack.layers.map(({ template, version, files }) => [template, version, files])).toEqual([
      ['base', '1', 3],
      ['top', '1', 1],
    ])
    expect(stack.entries.map(({ path, layer, overrides, filledIn }) => [path, layer, overrides, filledIn])).toEqual([
      ['a.txt', 0, [], true],
      ['b.bin', 1, [0], false],
    ])
    expect(stack.removed).toContainEqual({ path: 'old/x', layer: 0, by: 1 })
    expect(stack.runtime).toEqual({ image: 'top', command: ['run', '${MOTD}'] })
    expect(stack.unknownPlaceholders).toEqual([{ name: 'NOBODY', occurrences: ['a.txt'] }])
    expect(JSON.stringify(stack)).not.toContain('secret-value')
  })

  it('follows tags, and tells of missing values and of what is not carried out yet', async () => {
    const { stack } = await preview({ layers: [{ template: 'base', tag: 'latest' }, { template: 'top' }] })
    expect(stack.layers[1]).toMatchObject({ version: '2' })
    expect(stack.conflicts).toEqual([
      expect.objectContaining({ code: 'VARIABLES_MISSING', path: 'variables.KEY', blocking: true }),
    ])
    const older = await preview({
      layers: [{ template: 'base' }, { template: 'top', version: '1' }],
      variables: { KEY: 'x' },
    })
    expect(older.stack.conflicts).toEqual([expect.objectContaining({ code: 'PATHS_NOT_CARRIED_OUT', blocking: false })])
  })

  it('names unknown layers by position and refuses nonsense', async () => {
    expect(await preview({ layers: [{ template: 'base' }, { template: 'nothing' }] })).toMatchObject({
      status: 422,
      problem: { code: 'UNKNOWN_LAYER', issues: [{ path: 'layers[1]', message: 'there is no template "nothing"' }] },
    })
    for (const json of [
      {},
      { layers: [] },
      { layers: [{ template: 'base', version: '1', tag: 'latest' }] },
      { layers: [{ template: 'base' }], more: 1 },
    ])
      expect(await preview(json)).toMatchObject({ status: 400, problem: { code: 'VALIDATION_FAILED' } })
  })

  it('is written to no audit log: it only asks', async () => {
    const before = await api.brain.audit.list({ limit: 100 })
    await preview({ layers: [{ template: 'base' }] })
    expect(await api.brain.audit.list({ limit: 100 })).toEqual(before)
  })
})
