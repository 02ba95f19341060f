import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Instance } from '../../../../shared/schemas/instance'
import type { Node } from '../../../../shared/schemas/node'
import type { FakeAgent } from '../../../fakes/fake-agent'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'
import { waitFor } from '../../../support/wait-for'

const MANIFEST = `
variables:
  MOTD: { default: "Welcome to \${TOWN}" }
  TOWN: { default: Nowhere }
  KEY: { secret: true, required: true }
runtime:
  image: none
  ports: [{ name: game, protocol: udp, container: 5520 }, { name: query, protocol: tcp, expose: private }]
  resources: { memoryMb: 512 }
`
const LIFECYCLE = /^instance\.(?:prepare|start|stop|kill|destroy)$/

let before: FleetApi
let api: FleetApi
let agent: FakeAgent
let nodeId: string
let lost: Instance

/** A server that a brain made and forgot: the same templates, another database. */
beforeEach(async () => {
  ;[before, api] = [await startFleetApi(), await startFleetApi()]
  for (const brain of [before, api]) await brain.publish('base@1', MANIFEST)
  const first = await before.join('rack')
  lost = await before.create({
    variables: { TOWN: 'Ulm', KEY: 'hunter22' },
    resources: { cpus: 2 },
    environment: 'staging',
    persistent: false,
    ports: [{ name: 'game', protocol: 'udp', host: 25_500 }],
  })
  await before.until(lost.id, { state: 'RUNNING' })
  lost = await before.instance(lost.id)
  const second = await api.join('rack')
  ;({ agent } = second)
  nodeId = second.node.id
  const held = first.agent.instances.get(lost.id)
  if (held) agent.instances.set(lost.id, held)
  await agent.report()
})
afterEach(async () => {
  await Promise.all([before.close(), api.close()])
})

const adopt = (json: object = {}) =>
  api.call<Instance>('POST', `/nodes/${nodeId}/adopt`, { instanceId: lost.id, ...json })

describe('a server that only its node knows', () => {
  it('is taken over as it is, with all that its new owner must know, and is not touched by that', async () => {
    expect((await api.ok<Node>(200, 'GET', `/nodes/${nodeId}`)).found).toMatchObject([{ instanceId: lost.id }])
    const { status, body } = await adopt()
    expect(status).toBe(201)
    const {
      node: _node,
      createdAt: _created,
      updatedAt: _updated,
      revision: _revision,
      events: _events,
      ...same
    } = lost as Instance & { events?: unknown }
    expect(body).toMatchObject({ ...same, placement: {}, pending: false, desired: 'running', state: 'RUNNING' })
    expect(body.variables).toEqual({ TOWN: 'Ulm', KEY: '••••••' })
    expect(agent.received.map(({ name }) => name).filter(name => LIFECYCLE.test(name))).toEqual([])
    expect((await api.ok<Node>(200, 'GET', `/nodes/${nodeId}`)).found).toEqual([])
    const [event] = await api.events(lost.id)
    expect(event).toMatchObject({ cause: 'adopted', actor: { kind: 'user' }, message: expect.stringContaining('rack') })
    expect(JSON.stringify(await api.call('GET', '/audit'))).not.toContain('hunter22')
  })

  it('is then a server like any other', { timeout: 30_000 }, async () => {
    await adopt({ name: 'found again' })
    await api.ok(202, 'POST', `/instances/${lost.id}/restart`)
    // The fake server still tells its first agent what it does; the report of this one has it.
    await waitFor('a prepare', async () => {
      await agent.report()
      return agent.received.some(({ name }) => name === 'instance.prepare')
    })
    const prepare = agent.received.find(({ name }) => name === 'instance.prepare')
    expect(prepare?.payload).toMatchObject({
      spec: {
        name: 'found again',
        variables: { MOTD: 'Welcome to Ulm', KEY: 'hunter22' },
        runtime: { resources: { memoryMb: 512, cpus: 2 } },
      },
    })
  })

  it('is refused in words when the name or a port is given away, and can be had under another name', async () => {
    await api.create({ variables: { KEY: 'x' }, placement: { region: 'nowhere' } })
    const taken = await adopt()
    expect([taken.status, taken.body]).toMatchObject([409, { code: 'NAME_TAKEN' }])
    const other = await api.create({
      name: 'other',
      variables: { KEY: 'x' },
      placement: { node: nodeId },
      ports: [{ name: 'game', protocol: 'udp', host: 25_500 }],
    })
    await api.until(other.id, { state: 'RUNNING' })
    const clash = await adopt({ name: 'found' })
    expect([clash.status, clash.body]).toMatchObject([422, { code: 'PORT_UNAVAILABLE' }])
    await api.ok(202, 'DELETE', `/instances/${other.id}`)
    await api.until(other.id, { state: 'DESTROYED' })
    expect((await adopt({ name: 'found' })).status).toBe(201)
  })

  it('is not had without its layers, and nothing is changed then', async () => {
    await api.ok(204, 'DELETE', '/templates/base/versions/1')
    const { status, body } = await adopt()
    expect([status, body]).toMatchObject([422, { code: 'UNKNOWN_LAYER', detail: expect.stringContaining('base@1') }])
    expect((await api.call('GET', `/instances/${lost.id}`)).status).toBe(404)
  })

  it('must be one that the node tells of', async () => {
    const { status, body } = await api.call('POST', `/nodes/${nodeId}/adopt`, { instanceId: 'nobody' })
    expect([status, body]).toMatchObject([404, { code: 'NOT_FOUND' }])
  })
})
