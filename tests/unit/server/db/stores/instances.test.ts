import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InstancePort } from '../../../../../shared/schemas/instance'
import type { DatabaseHandle } from '../../../../../server/db/client'
import { createInstanceStore } from '../../../../../server/db/stores/instances'
import { createNodeStore } from '../../../../../server/db/stores/nodes'
import { createTemplateStore } from '../../../../../server/db/stores/templates'
import { eventOf } from '../../../../../server/domain/instance-change'
import type { InstanceRecord, InstanceStore } from '../../../../../server/ports'
import { makeRecord, observedOf, USER } from '../../../../factories/instance-record'
import { makeNode } from '../../../../factories/node-record'
import { makeVersion } from '../../../../factories/template-version'
import { openTestDatabase } from '../../../../support/database'

let database: DatabaseHandle
let instances: InstanceStore
const version = makeVersion()
const layers = [{ template: version.template, version: version.version, type: version.type, sha256: version.sha256 }]

beforeEach(async () => {
  database = openTestDatabase()
  instances = createInstanceStore(database.db)
  await createTemplateStore(database.db).publish(version, 'latest')
  for (const id of ['n1', 'n2']) await createNodeStore(database.db).create(makeNode({ id, name: id }))
})
afterEach(() => database.close())

const create = async (id: string, over: Partial<InstanceRecord> = {}) => {
  const record = makeRecord({ id, name: id, layers, ...over })
  await instances.create(record, [])
  return record
}
const port = (host: number, over: Partial<InstancePort> = {}): InstancePort => ({
  name: 'game',
  protocol: 'udp',
  container: null,
  host,
  expose: 'public',
  fixed: false,
  ...over,
})
const commit = (id: string, change: Partial<InstanceRecord>, expectedRevision = 1) =>
  instances.commit({ id, expectedRevision, change, events: [] })
const claims = async () =>
  (await instances.claimedPorts('n1'))
    .map(({ protocol, port: number, instanceId }) => `${instanceId} ${protocol}/${number}`)
    .sort()

describe('a commit', () => {
  it('gives back what was written, field by field', async () => {
    const record = makeRecord({
      layers,
      reason: { code: 'X', message: 'y', at: 1 },
      variables: { A: 'b' },
      secretNames: ['A'],
      portRequests: [{ name: 'game', protocol: 'udp' }],
      ports: [port(1)],
      portsInUse: [port(2)],
      placement: { region: 'eu' },
      environment: 'staging',
      restart: 'never',
      allowProcessFallback: true,
      observed: observedOf({ exit: { code: 1, signal: null, outOfMemory: false, at: 3 }, lastLines: ['x'] }),
    })
    await instances.create(record, [])
    expect(await instances.find('i1')).toEqual(record)
    expect(await instances.nodeOf('i1')).toBe('n1')
    expect(await instances.nodeOf('nobody')).toBeUndefined()
  })

  it('writes change and events together, and counts', async () => {
    const before = await create('i1')
    const event = eventOf(before, { kind: 'note', cause: 'c', message: 'm', actor: USER })
    const { record, events } = await instances.commit({
      id: 'i1',
      expectedRevision: 1,
      change: { description: 'new', updatedAt: 9 },
      events: [event],
    })
    expect(record).toEqual({ ...before, description: 'new', updatedAt: 9, revision: 2 })
    expect(events).toEqual([{ ...event, id: events[0]?.id, instanceId: 'i1', at: 9 }])
    expect((await instances.events('i1', { limit: 10 })).items).toEqual(events)
  })

  it('of an old revision changes nothing', async () => {
    await create('i1')
    await commit('i1', { description: 'first' })
    await expect(commit('i1', { description: 'second' })).rejects.toMatchObject({ code: 'REVISION_CONFLICT' })
    expect(await instances.find('i1')).toMatchObject({ description: 'first', revision: 2 })
    await expect(commit('nobody', {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('refuses a name that a living instance has, and only that', async () => {
    await create('i1', { name: 'lobby' })
    await expect(create('i2', { name: 'lobby' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    expect(await instances.find('i2')).toBeUndefined()
    await create('i3')
    await expect(commit('i3', { name: 'lobby' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await commit('i1', { state: 'DESTROYED' })
    await create('i2', { name: 'lobby' })
  })

  it('locks no version that was removed meanwhile', async () => {
    const gone = [...layers, { ...layers[0]!, version: 'gone' }]
    await expect(create('i1', { layers: gone })).rejects.toMatchObject({
      code: 'UNKNOWN_LAYER',
      issues: [{ path: 'layers[1]' }],
    })
    expect(await instances.find('i1')).toBeUndefined()
    await create('i1')
    const other = [{ ...layers[0]!, sha256: 'f'.repeat(64) }]
    await expect(commit('i1', { layers: other })).rejects.toMatchObject({ code: 'UNKNOWN_LAYER' })
    expect((await instances.find('i1'))?.layers).toEqual(layers)
  })
})

describe('host ports', () => {
  it('are given once on a node, for each protocol', async () => {
    await create('i1', { ports: [port(7)] })
    await create('i2', { ports: [port(7, { protocol: 'tcp' })] })
    await create('i3', { nodeId: 'n2', ports: [port(7)] })
    await expect(create('i4', { ports: [port(7)] })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' })
    expect(await instances.find('i4')).toBeUndefined()
    expect(await claims()).toEqual(['i1 udp/7', 'i2 tcp/7'])
  })

  it('are held with what still runs, and given back one by one', async () => {
    await create('i1', { ports: [port(7)] })
    await commit('i1', { ports: [port(8)], portsInUse: [port(7)] })
    expect(await claims()).toEqual(['i1 udp/7', 'i1 udp/8'])
    await commit('i1', { portsInUse: null }, 2)
    expect(await claims()).toEqual(['i1 udp/8'])
  })

  it('are free again once the instance is destroyed, and not before', async () => {
    await create('i1', { ports: [port(7)] })
    await commit('i1', { state: 'DESTROYING' })
    await expect(create('i2', { ports: [port(7)] })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' })
    await commit('i1', { state: 'DESTROYED' }, 2)
    await create('i2', { ports: [port(7)] })
  })

  it('of a refused change stay as they were', async () => {
    await create('i1', { ports: [port(7)] })
    await create('i2', { ports: [port(8)] })
    await expect(commit('i2', { ports: [port(9), port(7, { name: 'query' })] })).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
    })
    expect(await claims()).toEqual(['i1 udp/7', 'i2 udp/8'])
  })

  it('are claimed with the node, not before', async () => {
    await create('i1', { nodeId: null, state: 'REQUESTED', ports: [port(7)] })
    await create('i2', { nodeId: null, state: 'REQUESTED', ports: [port(7)] })
    await commit('i1', { nodeId: 'n1' })
    await expect(commit('i2', { nodeId: 'n1' })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' })
    expect(await instances.nodeOf('i2')).toBeNull()
  })
})

describe('what is asked of many', () => {
  it('sums what living instances hold of nodes', async () => {
    const effective = { resources: { memoryMb: 100, cpus: 0.5, diskMb: 10 }, readyTimeoutSeconds: 1 }
    await create('i1', { effective })
    await create('i2', { effective, state: 'STOPPED' })
    await create('i3', { effective: { resources: {}, readyTimeoutSeconds: 1 } })
    await create('i4', { effective, state: 'DESTROYED' })
    await create('i5', { nodeId: null, state: 'REQUESTED' })
    expect(await instances.usageByNode()).toEqual([
      { nodeId: 'n1', total: 3, running: 2, memoryMb: 200, cpus: 1, diskMb: 20 },
    ])
    expect(await instances.usageOf('n1')).toMatchObject({ total: 3 })
    expect(await instances.usageOf('n2')).toEqual({
      nodeId: 'n2',
      total: 0,
      running: 0,
      memoryMb: 0,
      cpus: 0,
      diskMb: 0,
    })
    expect(await instances.countByState()).toMatchObject({
      RUNNING: 2,
      STOPPED: 1,
      DESTROYED: 1,
      REQUESTED: 1,
      FAILED: 0,
    })
  })

  it('knows which instances are not at rest', async () => {
    await create('i1')
    await create('i2', { state: 'STARTING' })
    await create('i3', { state: 'REQUESTED', nodeId: null })
    expect(await instances.restless()).toEqual([
      { id: 'i2', nodeId: 'n1' },
      { id: 'i3', nodeId: null },
    ])
    await commit('i1', { desired: 'stopped' })
    await commit('i2', { state: 'RUNNING' })
    expect((await instances.restless()).map(({ id }) => id)).toEqual(['i1', 'i3'])
  })

  it('lists the living of a node, and of all', async () => {
    await create('i1')
    await create('i2', { nodeId: 'n2' })
    await create('i3', { state: 'DESTROYED' })
    expect((await instances.living()).map(({ id }) => id)).toEqual(['i1', 'i2'])
    expect((await instances.living('n2')).map(({ id }) => id)).toEqual(['i2'])
  })

  it('takes signs of a search literally', async () => {
    await create('i1', { name: '50%_off\\' })
    await create('i2', { name: '50 off' })
    const found = async (text: string) => (await instances.list({ text, limit: 9 })).items.map(({ id }) => id)
    for (const text of ['%', '_', '\\', '50%_OFF']) expect(await found(text)).toEqual(['i1'])
    expect(await found('50')).toEqual(['i2', 'i1'])
  })
})
