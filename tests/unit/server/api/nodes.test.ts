import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Node, NodeCache } from '../../../../shared/schemas/node'
import type { Operation } from '../../../../shared/schemas/operation'
import { makeReport } from '../../../factories/agent-messages'
import { createFakeAgent, FakeRefusal } from '../../../fakes/fake-agent'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'

let api: FleetApi
let now = 1_800_000_000_000
let skippedMs = 0
beforeEach(async () => {
  skippedMs = 0
  const clock = { now: () => now, monotonic: () => performance.now() + skippedMs }
  api = await startFleetApi({ parts: { clock } })
  await api.publish('base@1')
})
afterEach(() => api.close())

type Created = { node: Node; joinToken: string; joinCommand: string }
const add = (json: unknown) => api.ok<Created>(201, 'POST', '/nodes', json)
const node = (id: string) => api.ok<Node>(200, 'GET', `/nodes/${id}`)
const dial = (options: Partial<Parameters<typeof createFakeAgent>[0]>) => {
  const agent = createFakeAgent({ brainUrl: api.url.origin, reconnects: false, ...options })
  return agent.connect().finally(() => agent.close())
}

describe('adding a node', () => {
  it('gives a token and a command once, and shows it as pending', async () => {
    const created = await add({ name: 'rack 1', region: 'eu', tags: ['ssd'] })
    expect(created.node).toMatchObject({
      name: 'rack 1',
      region: 'eu',
      tags: ['ssd'],
      contact: 'pending',
      joinedAt: null,
      schedulable: true,
      devMode: false,
      local: false,
    })
    expect(created.joinCommand).toContain(`STRATA_JOIN_TOKEN=${created.joinToken} STRATA_NODE_NAME='rack 1'`)
    expect(created.joinCommand).toContain(`curl -fsSL -o strata-join.sh ${api.url.origin}/agent/join.sh`)
    const shown = JSON.stringify([
      await node(created.node.id),
      await api.ok(200, 'GET', '/nodes'),
      await api.ok(200, 'GET', '/audit'),
    ])
    expect(shown).not.toContain(created.joinToken)
  })

  it('refuses a name that is taken', async () => {
    await add({ name: 'one' })
    expect((await api.call('POST', '/nodes', { name: 'one' })).body.code).toBe('NAME_TAKEN')
    expect((await api.call('POST', '/nodes', { name: '' })).body.code).toBe('VALIDATION_FAILED')
  })
})

describe('joining', () => {
  it('takes region and tags from the machine where nobody said them here', async () => {
    const { node: joined } = await api.join('placed', { specs: { region: 'eu', tags: ['ssd'] } })
    expect(joined).toMatchObject({ region: 'eu', tags: ['ssd'] })
    await api.ok(200, 'PATCH', `/nodes/${joined.id}`, { region: null })
    expect(await api.ok(200, 'GET', `/nodes/${joined.id}`)).toMatchObject({ region: null, tags: ['ssd'] })
  })

  it('takes a token once; afterwards the node has a secret of its own', async () => {
    const { node: joined, agent } = await api.join('one')
    expect(joined).toMatchObject({ contact: 'online', joinedAt: now, lastSeenAt: now, specs: { cpus: 8 } })
    const identity = agent.identity()
    expect(identity?.nodeId).toBe(joined.id)
    await agent.close()
    await dial({ identity: identity ?? { nodeId: '', secret: '' } })
    await expect(dial({ identity: { nodeId: joined.id, secret: `${identity?.secret}x` } })).rejects.toThrow(FakeRefusal)
  })

  it('refuses a used, unknown or expired token, and a wrong protocol, in words', async () => {
    const { joinToken } = await add({ name: 'one' })
    const refused = (options: Parameters<typeof dial>[0]) =>
      dial(options).then(
        () => 'let in',
        (error: unknown) => (error instanceof FakeRefusal ? error.code : String(error)),
      )
    expect(await refused({ joinToken: 'x'.repeat(43) })).toBe('HANDSHAKE_REFUSED')
    expect(await refused({ joinToken, handshake: { protocolVersion: 99 } })).toBe('PROTOCOL_VERSION')
    expect(await refused({ joinToken })).toBe('let in')
    expect(await refused({ joinToken })).toBe('HANDSHAKE_REFUSED')

    const late = await add({ name: 'two' })
    now += 24 * 3_600_000
    expect(await refused({ joinToken: late.joinToken })).toBe('HANDSHAKE_REFUSED')

    const { items } = await api.ok<{ items: { action: string; outcome: string; detail: { code?: string } }[] }>(
      200,
      'GET',
      '/audit',
    )
    const codes = items.filter(({ action }) => action === 'node.refused').map(({ detail }) => detail.code)
    // Three refusals with one code within a minute are one entry.
    expect(codes.sort()).toEqual(['HANDSHAKE_REFUSED', 'PROTOCOL_VERSION'])
  })

  it('whose answer was lost may be tried again with the same token', async () => {
    const { joinToken } = await add({ name: 'one' })
    const deaf = createFakeAgent({
      brainUrl: api.url.origin,
      joinToken,
      reconnects: false,
      behaviour: { isSilent: true },
    })
    void deaf.connect()
    await expect.poll(() => deaf.received.length).toBe(1)
    await deaf.close()
    await dial({ joinToken })
  })
})

describe('contact', () => {
  it('is lost by silence and found again, and the state of servers stays', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    agent.behaviour.isSilent = true
    skippedMs += 21_000
    await expect.poll(async () => (await node(id)).contact).toBe('suspect')
    skippedMs += 40_000
    const lost = await node(id)
    expect(lost).toMatchObject({ contact: 'offline', unreachableSince: lost.lastSeenAt })
    expect(await api.instance(server.id)).toMatchObject({
      state: 'RUNNING',
      node: { contact: 'offline' },
      reason: null,
    })
    agent.behaviour.isSilent = false
    await agent.report()
    expect(await node(id)).toMatchObject({ contact: 'online', unreachableSince: null })
  })

  it('is told to pages when it changes, with the servers it touches', async () => {
    await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const told: string[] = []
    const { publish } = api.brain.panel
    api.brain.panel.publish = (name, payload, needs) => {
      told.push(
        JSON.stringify([
          name,
          'contact' in payload ? payload.contact : 'node' in payload ? payload.node?.contact : null,
        ]),
      )
      publish(name, payload, needs)
    }
    skippedMs += 21_000
    await expect.poll(() => told, { timeout: 3_000 }).toContain('["node.changed","suspect"]')
    await expect.poll(() => told).toContain('["instance.changed","suspect"]')
  })

  it('keeps every wish while the node is away and carries it out once when it is back', async () => {
    const { agent } = await api.join('one')
    const kept = await api.create({ name: 'kept' })
    const gone = await api.create({ name: 'gone' })
    for (const { id } of [kept, gone]) await api.until(id, { state: 'RUNNING' })
    agent.socket.disconnect()
    await expect.poll(() => api.brain.gateway.agentLink.connectedNodes()).toEqual([])
    const before = agent.received.length
    await api.ok(202, 'POST', `/instances/${kept.id}/stop`)
    await api.ok(202, 'POST', `/instances/${kept.id}/stop`)
    await api.ok(202, 'DELETE', `/instances/${gone.id}`)
    for (const { id } of [kept, gone])
      expect(await api.instance(id)).toMatchObject({ state: 'RUNNING', reason: { code: 'NODE_AWAY' } })
    await agent.connect()
    await api.until(kept.id, { state: 'STOPPED', reason: null })
    await api.until(gone.id, { state: 'DESTROYED' })
    const commands = agent.received
      .slice(before)
      .map(({ name }) => name)
      .filter(name => name.startsWith('instance.'))
    expect(commands.sort()).toEqual(['instance.destroy', 'instance.stop', 'instance.stop'])
  })
})

describe('the whole truth of a node', () => {
  it('shows what only the node knows as found, and leaves it alone', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const before = agent.received.length
    await agent.say('node.report', makeReport([server.id, 'stranger']))
    expect((await node(id)).found).toEqual([{ instanceId: 'stranger', name: 'stranger', state: 'RUNNING' }])
    expect(agent.received.slice(before).filter(({ payload }) => JSON.stringify(payload).includes('stranger'))).toEqual(
      [],
    )
    expect((await api.call('GET', '/instances/stranger')).status).toBe(404)
  })

  it('brings back what the node lost, and says so', async () => {
    const { agent } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    agent.instances.clear()
    await agent.report()
    await api.until(server.id, { state: 'RUNNING' })
    expect((await api.events(server.id)).map(({ message }) => message)).toContainEqual(
      expect.stringContaining('no longer holds this server'),
    )
    expect(agent.instances.has(server.id)).toBe(true)
  })

  it('destroys again what was destroyed while the node could not be told', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one')
    const server = await api.create()
    const running = await api.until(server.id, { state: 'RUNNING' })
    const held = agent.instances.get(server.id)
    if (!held) throw new Error('not there')
    agent.instances.clear()
    await api.ok(202, 'DELETE', `/instances/${server.id}`)
    await agent.report()
    await api.until(server.id, { state: 'DESTROYED' })
    agent.instances.set(server.id, held)
    await agent.report()
    await expect.poll(() => held.observation.state).toBe('DESTROYED')
    expect(await api.instance(server.id)).toMatchObject({
      state: 'DESTROYED',
      node: { id },
      generation: running.generation,
    })
  })

  it('counts, also when the node remembers less than it did', async () => {
    const { agent } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const held = agent.instances.get(server.id)
    if (!held) throw new Error('not there')
    held.observation = { ...held.observation, seq: 1, runId: 'of-a-restored-disk' }
    await agent.report()
    expect(await api.instance(server.id)).toMatchObject({ state: 'RUNNING', runId: 'of-a-restored-disk' })
  })

  it('of a node that knows newer generations makes the brain catch up', async () => {
    const { agent } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const held = agent.instances.get(server.id)
    if (!held) throw new Error('not there')
    held.observation = { ...held.observation, seq: held.observation.seq + 1, generation: 9 }
    await agent.report()
    expect(await api.instance(server.id)).toMatchObject({
      state: 'RUNNING',
      generation: 10,
      appliedGeneration: 9,
      pending: true,
    })
    await api.ok(202, 'POST', `/instances/${server.id}/restart`)
    await api.until(server.id, { state: 'RUNNING', appliedGeneration: 11 })
  })

  it('of another node changes nothing', async () => {
    const { agent } = await api.join('one')
    const other = await api.join('two', { specs: { maxInstances: 0 } })
    const server = await api.create()
    const { revision } = await api.until(server.id, { state: 'RUNNING' })
    const held = agent.instances.get(server.id)
    if (!held) throw new Error('not there')
    const told = { ...held.observation, seq: 99_999_999_999_999, state: 'DESTROYED' as const }
    expect(await other.agent.say('instance.observed', { stream: 1, observation: told })).toMatchObject({
      ok: false,
      code: 'NOT_OWNER',
    })
    const address = { instanceId: server.id, sha256: server.layers[0]?.sha256 ?? '' }
    expect(await other.agent.say('layer.url', address)).toMatchObject({ ok: false, code: 'NOT_OWNER' })
    expect(await agent.say('layer.url', address)).toMatchObject({ ok: true, data: { url: expect.any(String) } })
    expect(await agent.say('layer.url', { ...address, sha256: 'f'.repeat(64) })).toMatchObject({
      ok: false,
      code: 'NOT_FOUND',
    })
    expect(await api.instance(server.id)).toMatchObject({ revision, state: 'RUNNING' })
  })
})

describe('changing a node', () => {
  it('tells its agent at once', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one')
    const changed = await api.ok<Node>(200, 'PATCH', `/nodes/${id}`, {
      devMode: true,
      name: 'uno',
      region: 'eu',
      tags: ['x'],
    })
    expect(changed).toMatchObject({ devMode: true, name: 'uno', region: 'eu', tags: ['x'] })
    await expect.poll(() => agent.settings()).toEqual({ devMode: true, name: 'uno', region: 'eu', tags: ['x'] })
    expect((await api.ok<Node>(200, 'PATCH', `/nodes/${id}`, { region: null })).region).toBeNull()
    expect((await api.call('PATCH', `/nodes/${id}`, { colour: 'red' })).status).toBe(400)
    expect((await api.call('PATCH', '/nodes/nobody', { devMode: true })).body.code).toBe('NOT_FOUND')
  })

  it('lets waiting servers in as soon as it has room', async () => {
    const {
      node: { id },
    } = await api.join('one')
    await api.ok(200, 'PATCH', `/nodes/${id}`, { schedulable: false })
    const server = await api.create()
    await expect.poll(async () => (await api.instance(server.id)).reason?.message).toContain('not schedulable')
    await api.ok(200, 'PATCH', `/nodes/${id}`, { schedulable: true })
    await api.until(server.id, { state: 'RUNNING' })
  })

  it('to a name that is taken is refused', async () => {
    const {
      node: { id },
    } = await add({ name: 'one' })
    await add({ name: 'two' })
    expect((await api.call('PATCH', `/nodes/${id}`, { name: 'two' })).body.code).toBe('NAME_TAKEN')
  })
})

describe('removing a node', () => {
  it('is refused while it holds servers', async () => {
    const {
      node: { id },
    } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const { status, body } = await api.call('DELETE', `/nodes/${id}`)
    expect([status, body.code]).toEqual([409, 'NODE_IN_USE'])
    expect(body.detail).toContain('"lobby"')
    await api.ok(202, 'DELETE', `/instances/${server.id}`)
    await api.until(server.id, { state: 'DESTROYED' })
    await api.ok(204, 'DELETE', `/nodes/${id}`)
    expect((await api.instance(server.id)).node).toBeNull()
  })

  it('ends its connection, and its secret is worthless', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one', { reconnects: false })
    await api.ok(204, 'DELETE', `/nodes/${id}`)
    await expect.poll(() => agent.socket.connected).toBe(false)
    await expect(dial({ identity: agent.identity() ?? { nodeId: '', secret: '' } })).rejects.toThrow(FakeRefusal)
    expect((await api.call('DELETE', `/nodes/${id}`)).body.code).toBe('NOT_FOUND')
    expect((await api.ok<{ items: Node[] }>(200, 'GET', '/nodes')).items).toEqual([])
  })

  it('that is gone for good takes with it what is to be destroyed', async () => {
    const {
      node: { id },
      agent,
    } = await api.join('one', { reconnects: false })
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    await agent.close()
    await expect.poll(async () => (await api.call('DELETE', `/nodes/${id}`)).body.code).toBe('NODE_IN_USE')
    await api.ok(202, 'DELETE', `/instances/${server.id}`)
    await api.ok(204, 'DELETE', `/nodes/${id}`)
    expect(await api.instance(server.id)).toMatchObject({ state: 'DESTROYED', reason: { code: 'NODE_REMOVED' } })
  })
})

describe('the cache of a node', () => {
  it('is asked of the node, and emptied as an operation', async () => {
    const {
      node: { id },
    } = await api.join('one')
    const server = await api.create()
    await api.until(server.id, { state: 'RUNNING' })
    const cache = await api.ok<NodeCache>(200, 'GET', `/nodes/${id}/cache`)
    expect(cache).toMatchObject({ layers: [{ template: 'base', inUseBy: [server.id] }] })
    expect(cache.bytes).toBe(cache.inUseBytes)
    const purged = await api.ok<Operation>(202, 'POST', `/nodes/${id}/purge-cache`, { templates: [{ id: 'base' }] })
    expect(purged).toMatchObject({ kind: 'node.purge-cache', state: 'done', result: { freedBytes: 0, keptInUse: 1 } })
  })

  it('of a node that is away cannot be told', async () => {
    const {
      node: { id },
    } = await add({ name: 'one' })
    expect((await api.call('GET', `/nodes/${id}/cache`)).body.code).toBe('NODE_UNREACHABLE')
    expect((await api.call('POST', `/nodes/${id}/purge-cache`, {})).body.code).toBe('NODE_UNREACHABLE')
    expect((await api.call('GET', '/nodes/nobody/cache')).body.code).toBe('NOT_FOUND')
  })
})

it('lists nodes page by page, with what they hold', async () => {
  for (const name of ['a', 'b', 'c']) await add({ name })
  await api.join('d')
  const server = await api.create()
  await api.until(server.id, { state: 'RUNNING' })
  const first = await api.ok<{ items: Node[]; nextCursor: string }>(200, 'GET', '/nodes?limit=3')
  const second = await api.ok<{ items: Node[]; nextCursor: null }>(
    200,
    'GET',
    `/nodes?limit=3&cursor=${first.nextCursor}`,
  )
  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  expect(second.nextCursor).toBeNull()
  expect(second.items[0]).toMatchObject({
    instances: { total: 1, running: 1 },
    reserved: { memoryBytes: 1_024 * 1024 ** 2 },
  })
})

describe('the node of this machine', () => {
  it('is one and the same, with a new token each time', async () => {
    const first = await api.brain.nodes.ensureLocalNode()
    const second = await api.brain.nodes.ensureLocalNode()
    expect(second.nodeId).toBe(first.nodeId)
    expect(await node(first.nodeId)).toMatchObject({ name: 'local', local: true, contact: 'pending' })
    await expect(dial({ joinToken: first.joinToken })).rejects.toThrow(FakeRefusal)
    await dial({ joinToken: second.joinToken })
  })
})
