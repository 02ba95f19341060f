import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DatabaseHandle } from '../../../../../server/db/client'
import { createInstanceStore } from '../../../../../server/db/stores/instances'
import { createNodeStore } from '../../../../../server/db/stores/nodes'
import { createScopeVariableStore } from '../../../../../server/db/stores/scope-variables'
import { createTemplateStore } from '../../../../../server/db/stores/templates'
import type { NodeStore } from '../../../../../server/ports'
import { makeRecord } from '../../../../factories/instance-record'
import { makeNode } from '../../../../factories/node-record'
import { makeVersion } from '../../../../factories/template-version'
import { openTestDatabase } from '../../../../support/database'
import { fakeSpecs } from '../../../../fakes/fake-machine'

let database: DatabaseHandle
let nodes: NodeStore
beforeEach(() => {
  database = openTestDatabase()
  nodes = createNodeStore(database.db)
})
afterEach(() => database.close())

describe('node store', () => {
  it('gives back what was written, field by field', async () => {
    const node = makeNode({ specs: fakeSpecs(), tags: ['a'], region: 'eu', devMode: true, local: true, lastSeenAt: 4 })
    await nodes.create(node)
    expect(await nodes.find('n1')).toEqual(node)
    expect(await nodes.update('n1', { region: null, devMode: false })).toEqual({
      ...node,
      region: null,
      devMode: false,
    })
    expect(await nodes.list()).toHaveLength(1)
  })

  it('has every name once', async () => {
    await nodes.create(makeNode())
    await expect(nodes.create(makeNode({ id: 'n2' }))).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await nodes.create(makeNode({ id: 'n2', name: 'two' }))
    await expect(nodes.update('n2', { name: 'one' })).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    await expect(nodes.update('n3', { name: 'three' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('joins with a good token, until the token is taken away', async () => {
    await nodes.create(makeNode({ joinTokenHash: 'hash', joinTokenExpiresAt: 10 }))
    expect((await nodes.findByJoinTokenHash('hash'))?.id).toBe('n1')
    expect(await nodes.joinWithToken('n1', 'other', 'secret', 9)).toBe(false)
    expect(await nodes.joinWithToken('n1', 'hash', 'secret', 10)).toBe(false)
    expect(await nodes.joinWithToken('n1', 'hash', 'secret', 9)).toBe(true)
    expect(await nodes.find('n1')).toMatchObject({ pendingSecretHash: 'secret', joinTokenHash: 'hash' })
    await nodes.update('n1', { joinTokenHash: null, joinTokenExpiresAt: null })
    expect(await nodes.joinWithToken('n1', 'hash', 'again', 9)).toBe(false)
  })

  it('sets ports aside for a time', async () => {
    await nodes.create(makeNode())
    await nodes.quarantinePort('n1', 'udp', 7, 100, 0)
    await nodes.quarantinePort('n1', 'tcp', 8, 100, 0)
    await nodes.quarantinePort('n1', 'udp', 7, 200, 50)
    expect(await nodes.quarantinedPorts('n1', 99)).toHaveLength(2)
    expect(await nodes.quarantinedPorts('n1', 100)).toEqual([{ protocol: 'udp', port: 7 }])
    await nodes.quarantinePort('n1', 'udp', 9, 300, 250)
    expect(database.sqlite.prepare('SELECT count(*) AS n FROM port_quarantine').get()).toEqual({ n: 1 })
  })

  it('writes down when nodes were heard, and passes over those that are gone', async () => {
    await nodes.create(makeNode())
    await nodes.seen([
      { id: 'n1', at: 5 },
      { id: 'gone', at: 6 },
    ])
    expect((await nodes.find('n1'))?.lastSeenAt).toBe(5)
  })

  it('removes no node that holds a living instance, and leaves the history of the others', async () => {
    const version = makeVersion()
    const { template, type, sha256 } = version
    const instances = createInstanceStore(database.db)
    await createTemplateStore(database.db).publish(version, 'latest')
    await nodes.create(makeNode())
    await instances.create(makeRecord({ layers: [{ template, version: version.version, type, sha256 }] }), [])
    await expect(nodes.remove('n1')).rejects.toMatchObject({ code: 'NODE_IN_USE' })
    await instances.commit({ id: 'i1', expectedRevision: 1, change: { state: 'DESTROYED' }, events: [] })
    await nodes.quarantinePort('n1', 'udp', 7, 100, 0)
    const variables = createScopeVariableStore(database.db)
    const variable = { name: 'KEY', value: 'sealed', secret: true, updatedAt: 1, updatedBy: 'ada' }
    await variables.write({ ...variable, scope: 'node', scopeId: 'n1' })
    await variables.write({ ...variable, scope: 'region', scopeId: 'n1' })
    await nodes.remove('n1')
    expect((await variables.list()).map(({ scope }) => scope)).toEqual(['region'])
    expect(await instances.find('i1')).toMatchObject({ state: 'DESTROYED', nodeId: null })
    await nodes.remove('n1')
  })
})
