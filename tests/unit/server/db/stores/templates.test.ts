import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseHandle } from '../../../../../server/db/client'
import { createInstanceStore } from '../../../../../server/db/stores/instances'
import { createTemplateStore } from '../../../../../server/db/stores/templates'
import type { InstanceStore, TemplateStore, TemplateVersionRecord } from '../../../../../server/ports'
import { makeRecord } from '../../../../factories/instance-record'
import { makeVersion } from '../../../../factories/template-version'
import { openTestDatabase } from '../../../../support/database'

let database: DatabaseHandle
let templates: TemplateStore
let instances: InstanceStore
beforeEach(() => {
  database = openTestDatabase()
  templates = createTemplateStore(database.db)
  instances = createInstanceStore(database.db)
})
afterEach(() => database.close())

const lock = ({ template, version, type, sha256 }: TemplateVersionRecord) => ({ template, version, type, sha256 })
const makeInstance = (id: string, ...layers: TemplateVersionRecord[]) =>
  instances.create(makeRecord({ id, name: id, nodeId: null, state: 'REQUESTED', layers: layers.map(lock) }), [])

describe('publish', () => {
  it('writes version and tag; the same again changes nothing but a tag that is said', async () => {
    const version = makeVersion()
    expect(await templates.publish(version, 'latest')).toEqual({ created: true, record: version })
    await templates.publish(makeVersion({ version: '2', bytes: 'two' }), undefined)
    for (const tag of [undefined, 'beta'])
      expect(await templates.publish({ ...version, publishedAt: 9, description: 'new' }, tag)).toEqual({
        created: false,
        record: version,
      })
    expect(await templates.find('spawn')).toMatchObject({ versions: 2, tags: { latest: '2', beta: '1' } })
  })

  it('refuses other bytes and leaves the tag where it was', async () => {
    await templates.publish(makeVersion(), 'latest')
    await expect(templates.publish(makeVersion({ bytes: 'two' }), 'beta')).rejects.toMatchObject({
      code: 'VERSION_EXISTS',
    })
    expect((await templates.find('spawn'))?.tags).toEqual({ latest: '1' })
  })

  it('keeps what the manifest says', async () => {
    const version = makeVersion({ manifest: { id: 'spawn', remove: ['a/**'], variables: { MOTD: { default: 'x' } } } })
    await templates.publish(version, 'latest')
    expect(await templates.findVersion('spawn', '1')).toEqual(version)
  })
})

describe('use', () => {
  it('counts each living instance once for a template and for each version it has', async () => {
    const [one, two] = [makeVersion(), makeVersion({ version: '2', bytes: 'two', publishedAt: 1 })]
    for (const version of [one, two]) await templates.publish(version, 'latest')
    await makeInstance('i1', one)
    await makeInstance('i2', one, two)
    const gone = await makeInstance('i3', two)
    await instances.commit({
      id: 'i3',
      expectedRevision: gone.record.revision,
      change: { state: 'DESTROYED' },
      events: [],
    })
    expect(await templates.find('spawn')).toMatchObject({ usedBy: 2, usage: { 1: 2, 2: 1 } })
  })

  it('forbids removal, names the servers, and allows it once they are destroyed', async () => {
    const version = makeVersion()
    await templates.publish(version, 'latest')
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await makeInstance(id, version)
    await expect(templates.removeVersion('spawn', '1')).rejects.toMatchObject({
      code: 'TEMPLATE_IN_USE',
      detail: expect.stringContaining('7 servers: a, b, c, d, e and 2 more'),
    })
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
      await instances.commit({ id, expectedRevision: 1, change: { state: 'DESTROYED' }, events: [] })
    expect(await templates.removeVersion('spawn', '1')).toEqual({ removed: version, blobStillUsed: false })
    await expect(makeInstance('h', version)).rejects.toMatchObject({ code: 'UNKNOWN_LAYER' })
  })
})

describe('removeVersion', () => {
  it('says whether another version has the same bytes, of whatever template', async () => {
    await templates.publish(makeVersion(), 'latest')
    await templates.publish(makeVersion({ template: 'copy' }), 'latest')
    expect(await templates.removeVersion('spawn', '1')).toMatchObject({ blobStillUsed: true })
    expect(await templates.isBlobUsed(makeVersion().sha256)).toBe(true)
    expect(await templates.removeVersion('copy', '1')).toMatchObject({ blobStillUsed: false })
    expect(await templates.isBlobUsed(makeVersion().sha256)).toBe(false)
    expect(await templates.find('spawn')).toBeUndefined()
  })

  it('moves latest to what was published last, also within one millisecond', async () => {
    for (const version of ['b', 'a', 'c']) await templates.publish(makeVersion({ version, bytes: version }), 'latest')
    await templates.removeVersion('spawn', 'c')
    expect((await templates.find('spawn'))?.tags).toEqual({ latest: 'a' })
  })

  it('does not invent a latest that nobody gave', async () => {
    for (const version of ['1', '2']) await templates.publish(makeVersion({ version, bytes: version }), 'beta')
    await templates.removeVersion('spawn', '2')
    expect((await templates.find('spawn'))?.tags).toEqual({})
  })

  it('knows what there is not', async () => {
    await expect(templates.removeVersion('spawn', '1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
