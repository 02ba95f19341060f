import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSecretBox } from '../../../../server/brain/secret-box'
import type { DatabaseHandle } from '../../../../server/db/client'
import { createNodeStore } from '../../../../server/db/stores/nodes'
import { createRegistryLoginStore } from '../../../../server/db/stores/registries'
import { createNodeDirectory } from '../../../../server/services/node-directory'
import { createRegistryService } from '../../../../server/services/registry-service'
import type { RegistryService } from '../../../../server/services/registry-service'
import { makeRecord } from '../../../factories/instance-record'
import { instanceSpec } from '../../../factories/instance-spec'
import { makeNode } from '../../../factories/node-record'
import { openTestDatabase } from '../../../support/database'

const IMAGE = 'registry.example.org/games/hytale:1'
const registry = 'registry.example.org'

let database: DatabaseHandle
let service: RegistryService
let removeNode: (id: string) => Promise<void>
let nextId = 0

beforeEach(async () => {
  database = openTestDatabase()
  const nodes = createNodeStore(database.db)
  await nodes.create(makeNode())
  await nodes.create(makeNode({ id: 'n2', name: 'two' }))
  removeNode = id => nodes.remove(id)
  const directory = createNodeDirectory(nodes)
  await directory.load()
  const held = makeRecord({ id: 'i1', nodeId: 'n1' })
  const runtime = { ...instanceSpec({ layers: [] }).runtime, image: IMAGE }
  service = createRegistryService({
    store: createRegistryLoginStore(database.db),
    instances: { find: async id => (id === held.id ? held : undefined) },
    specs: { build: async () => instanceSpec({ layers: [], runtime }) },
    directory,
    secrets: createSecretBox(Buffer.alloc(32, 7)),
    clock: { now: () => 5 },
    ids: { entity: () => `r${(nextId += 1)}` },
  })
})
afterEach(() => database.close())

describe('registry sign-ins', () => {
  it('are given to a node that pulls the image of its own server, and the one of the node wins', async () => {
    await service.put({ registry, username: 'all', secret: 'for-everybody' })
    expect(await service.forPull('n1', 'i1', registry)).toEqual({ username: 'all', password: 'for-everybody' })
    await service.put({ registry, node: 'n1', username: 'one', secret: 'for-n1' })
    expect(await service.forPull('n1', 'i1', registry)).toEqual({ username: 'one', password: 'for-n1' })
  })

  it('are given to nobody else: another node, another registry, a server that is not there', async () => {
    await service.put({ registry, username: 'all', secret: 'for-everybody' })
    await service.put({ registry: 'ghcr.io', username: 'all', secret: 'of-ghcr' })
    expect(await service.forPull('n2', 'i1', registry)).toBeNull()
    expect(await service.forPull('n1', 'i1', 'ghcr.io')).toBeNull()
    expect(await service.forPull('n1', 'i2', registry)).toBeNull()
  })

  it('are listed without their secrets, lie sealed in the database, and are replaced in place', async () => {
    const first = await service.put({ registry, node: 'n2', username: 'a', secret: 'the-first-secret' })
    const second = await service.put({ registry, node: 'n2', username: 'b', secret: 'the-second-secret' })
    expect(second.id).toBe(first.id)
    const { items } = await service.list()
    expect(items).toEqual([{ id: first.id, registry, node: { id: 'n2', name: 'two' }, username: 'b', updatedAt: 5 }])
    const rows = JSON.stringify(database.sqlite.prepare('SELECT * FROM registry_logins').all())
    expect(rows).not.toMatch(/the-(first|second)-secret/)
  })

  it('go with their node, and by hand', async () => {
    await service.put({ registry, node: 'n2', username: 'a', secret: 'x' })
    const { id } = await service.put({ registry, username: 'all', secret: 'x' })
    await removeNode('n2')
    expect((await service.list()).items.map(item => item.id)).toEqual([id])
    await service.remove(id)
    expect((await service.list()).items).toEqual([])
    await expect(service.remove(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('are refused for a node that is not there', async () => {
    await expect(service.put({ registry, node: 'n9', username: 'a', secret: 'x' })).rejects.toMatchObject({
      code: 'NODE_UNKNOWN',
    })
  })
})
