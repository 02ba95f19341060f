import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../../../server/db/client'
import { operations } from '../../../../server/db/schema'
import { findExampleFolder } from '../../../../server/services/example-service'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { temporaryFolder } from '../../../support/temporary-folder'
import type { LauncherMessage } from '../../../../server/brain/launcher-link'

type ExampleMessage = Extract<LauncherMessage, { type: 'example' }>

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let told: LauncherMessage[]
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

/** A brain under a launcher, as `npm start` runs it; the same data folder every time. */
async function startBrain(env: Record<string, string> = {}): Promise<ApiServer> {
  told = []
  return startApiServer({
    env: { STRATA_DATA_DIR: folder.path, STRATA_LAUNCHER: '1', ...env },
    parts: { launcher: { present: true, tell: message => void told.push(message) } },
  })
}
const news = () => told.filter((message): message is ExampleMessage => message.type === 'example')

async function until<Value>(get: () => Value | Promise<Value>): Promise<void> {
  await expect.poll(get, { timeout: 10_000 }).toBeTruthy()
}

describe('the example', { timeout: 20_000 }, () => {
  it('is three published layers and one server of them on the local node, which may run as a process', async () => {
    const api = await startBrain()
    await until(() => news().length > 0)
    const { items } = await api.brain.templates.list({ limit: 10 })
    expect(items.map(({ id, type, tags }) => [id, type, tags])).toEqual([
      ['hello-base', 'master', { latest: '1.0.0' }],
      ['hello-gamemode', 'gamemode', { latest: '1.0.0' }],
      ['hello-map', 'map', { latest: '1.0.0' }],
    ])
    const instances = (await api.brain.instances.list({ limit: 10 })).items
    const [node] = (await api.brain.nodes.list({ limit: 10 })).items
    expect(instances).toMatchObject([
      { name: 'hello', desired: 'running', placement: { node: node?.id }, gamemode: 'hello-gamemode' },
    ])
    expect(news()[0]).toMatchObject({
      instanceId: instances[0]?.id,
      name: 'hello',
      state: 'REQUESTED',
      message: expect.any(String),
    })
    await api.close()
  })

  it('is not called failed while it goes on at another port', async () => {
    const api = await startBrain()
    await until(() => news().length > 0)
    const [made] = (await api.brain.instances.list({ limit: 1 })).items
    const failed = { ...made!, state: 'FAILED' as const, desired: 'running' as const, appliedGeneration: 1 }
    api.brain.panel.publish('instance.changed', { ...failed, generation: 2 }, 'instance.read')
    api.brain.panel.publish('instance.changed', { ...failed, generation: 1 }, 'instance.read')
    expect(news().map(({ state }) => state)).toEqual(['REQUESTED', 'PREPARING', 'FAILED'])
    await api.close()
  })

  it('makes a stack without anything missing', async () => {
    const api = await startBrain()
    await until(() => news().length > 0)
    const layers = ['hello-base', 'hello-gamemode', 'hello-map'].map(template => ({ template }))
    const preview = await api.brain.stacks.preview({ layers })
    expect(preview.conflicts).toEqual([])
    expect(preview.unknownPlaceholders).toEqual([])
    expect(preview.removed).toEqual([{ path: 'config/hints.txt', layer: 0, by: 1 }])
    const overridden = preview.entries.filter(({ overrides }) => overrides.length > 0)
    expect(overridden.map(({ path, layer }) => [path, layer])).toEqual([
      ['config/gamemode.properties', 1],
      ['world/map.properties', 2],
      ['world/map.txt', 2],
    ])
    await api.close()
  })

  it('is made once: not at the next start, nor after it was destroyed', async () => {
    const first = await startBrain()
    await until(() => news().length > 0)
    const { instanceId } = news()[0]!
    await first.close()

    const second = await startBrain()
    await until(() => news().length > 0)
    expect(news()[0]).toMatchObject({ instanceId })
    await second.brain.instances.destroy({ kind: 'user', id: null, name: 'ada' }, instanceId!)
    await until(() => news().at(-1)?.state === 'DESTROYED')
    for (const template of ['hello-base', 'hello-gamemode', 'hello-map'])
      await second.brain.templates.remove(template, '1.0.0')
    await second.close()

    const third = await startBrain()
    await until(() => news().length > 0)
    expect(news()).toMatchObject([{ instanceId, state: 'DESTROYED' }])
    expect((await third.brain.instances.list({ limit: 10 })).items).toEqual([])
    expect((await third.brain.templates.list({ limit: 10 })).items).toEqual([])
    await third.close()
  })

  it('that was interrupted after the server was made does not make another', async () => {
    const first = await startBrain()
    await until(() => news().length > 0)
    const { instanceId } = news()[0]!
    await first.close()
    const database = openDatabase(join(folder.path, 'strata.db'))
    database.db.update(operations).set({ state: 'running', result: null }).run()
    database.close()

    const second = await startBrain()
    await until(() => news().length > 0)
    expect(news()[0]).toMatchObject({ instanceId })
    expect((await second.brain.instances.list({ limit: 10 })).items).toHaveLength(1)
    await second.close()
  })

  it('tells of a failure, leaves no server behind, and is tried again', async () => {
    const off = await startBrain({ STRATA_EXAMPLE: 'off' })
    expect((await off.brain.templates.list({ limit: 1 })).items).toEqual([])
    const admin = await off.cookieOf('admin')
    const own = Buffer.alloc(1024)
    await off.request('/api/v1/templates/hello-map/versions/1.0.0?type=map', {
      method: 'PUT',
      raw: new Uint8Array(own),
      cookie: admin,
    })
    await off.close()

    const second = await startBrain({ STRATA_LOG_LEVEL: 'silent' })
    await until(() => news().length > 0)
    expect(news()).toMatchObject([
      { instanceId: null, state: 'FAILED', message: expect.stringContaining('hello-map@1.0.0') },
    ])
    expect((await second.brain.instances.list({ limit: 10 })).items).toEqual([])
    await second.brain.templates.remove('hello-map', '1.0.0')
    await second.close()

    const third = await startBrain()
    await until(() => news().length > 0)
    expect(news()[0]).toMatchObject({ state: 'REQUESTED' })
    await third.close()
  })
})

it('is found beside the sources', () => {
  expect(findExampleFolder()).toBe(fileURLToPath(new URL('../../../../examples/hello', import.meta.url)))
})
