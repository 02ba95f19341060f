import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { io } from 'socket.io-client'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'
import { createFakeAgent, FakeRefusal, type FakeAgent, type FakeAgentOptions } from '../../../fakes/fake-agent'
import { makeAgentMessage, makeObservation, makeReport } from '../../../factories/agent-messages'
import { openRawSocket } from '../../../support/raw-socket'

let brain: FakeBrain
let agents: FakeAgent[] = []

beforeEach(async () => {
  brain = await startFakeBrain()
})
afterEach(async () => {
  await Promise.all(agents.map(agent => agent.close()))
  agents = []
  await brain.stop()
})

function makeAgent(options: Partial<FakeAgentOptions> = {}): FakeAgent {
  const agent = createFakeAgent({ brainUrl: brain.url, reconnects: false, heartbeatMs: 60_000, ...options })
  agents.push(agent)
  return agent
}

async function connected(nodeId = 'node-a'): Promise<FakeAgent> {
  const agent = makeAgent({ identity: brain.agents.addNode(nodeId) })
  await agent.connect()
  await brain.agents.until(() => brain.agents.of('report').length > 0)
  return agent
}

/** The code of the refusal, after checking that it came within a second, was recorded once and let nobody in. */
async function refusalOf(agent: FakeAgent): Promise<string> {
  const began = performance.now()
  const error: unknown = await agent.connect().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(FakeRefusal)
  expect(performance.now() - began).toBeLessThan(1_000)
  const { code } = error as FakeRefusal
  expect(brain.agents.refusals().map(refusal => refusal.code)).toEqual([code])
  expect(brain.agents.refusals()[0]?.address).toContain('127.0.0.1')
  expect(brain.agents.of('connected')).toEqual([])
  expect(brain.gateway.agentLink.connectedNodes()).toEqual([])
  return code
}

describe('the handshake of an agent', () => {
  it('gives a secret for a join token, once', async () => {
    const joinToken = brain.agents.addJoinToken('node-a')
    const first = makeAgent({ joinToken })
    await first.connect()
    const identity = first.identity()
    expect(identity?.nodeId).toBe('node-a')
    await first.close()
    const again = makeAgent({ identity: identity ?? undefined })
    await again.connect()
    expect(again.identity()).toEqual(identity)
    expect(await refusalCode(makeAgent({ joinToken }))).toBe('HANDSHAKE_REFUSED')
  })

  it('tells the services that the node came, then its report, then that it left', async () => {
    const agent = await connected()
    await agent.close()
    await brain.agents.until(() => brain.agents.of('disconnected').length === 1)
    const order = brain.agents.calls.map(call => call.name).filter(name => name !== 'touched')
    expect(order).toEqual(['admit', 'connected', 'report', 'disconnected'])
  })

  const wrong: Record<string, { handshake: Record<string, unknown>; code: string }> = {
    'a wrong secret': { handshake: { secret: 'x'.repeat(40) }, code: 'HANDSHAKE_REFUSED' },
    'an unknown node': { handshake: { nodeId: 'node-z' }, code: 'HANDSHAKE_REFUSED' },
    'an empty secret': { handshake: { secret: '' }, code: 'HANDSHAKE_REFUSED' },
    'a huge secret': { handshake: { secret: 'x'.repeat(500_000) }, code: 'HANDSHAKE_REFUSED' },
    'a number as secret': { handshake: { secret: 12345678901234567890 }, code: 'HANDSHAKE_REFUSED' },
    'an object as secret': { handshake: { secret: { $ne: '' } }, code: 'HANDSHAKE_REFUSED' },
    'a list as node id': { handshake: { nodeId: ['node-a'] }, code: 'HANDSHAKE_REFUSED' },
    'neither secret nor token': { handshake: { secret: undefined }, code: 'HANDSHAKE_REFUSED' },
    'secret and token at once': { handshake: { joinToken: 'x'.repeat(40) }, code: 'HANDSHAKE_REFUSED' },
    'a field too many': { handshake: { admin: true }, code: 'HANDSHAKE_REFUSED' },
    'an old protocol version': { handshake: { protocolVersion: 0 }, code: 'PROTOCOL_VERSION' },
    'a protocol version of the future, in a shape of the future': {
      handshake: { protocolVersion: 99, secret: undefined, key: 1 },
      code: 'PROTOCOL_VERSION',
    },
    'a version that is text': { handshake: { protocolVersion: '1' }, code: 'HANDSHAKE_REFUSED' },
  }
  for (const [what, { handshake, code }] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => {
      expect(await refusalOf(makeAgent({ identity: brain.agents.addNode('node-a'), handshake }))).toBe(code)
    })
  }

  it('refuses a node that was removed, and never repeats the secret it sent', async () => {
    const identity = brain.agents.addNode('node-a')
    brain.agents.removeNode('node-a')
    expect(await refusalOf(makeAgent({ identity }))).toBe('HANDSHAKE_REFUSED')
    expect(JSON.stringify([brain.agents.refusals(), brain.logged])).not.toContain(identity.secret)
  })

  it('refuses long polling', async () => {
    const socket = io(`${brain.url}/agent`, {
      transports: ['polling'],
      forceNew: true,
      reconnection: false,
      auth: brain.agents.addNode('node-a'),
    })
    const error = await new Promise<Error>(resolve => socket.once('connect_error', resolve))
    expect(error.message).toContain('WebSocket')
    expect(brain.agents.of('admit')).toEqual([])
    socket.close()
  })

  it('cuts a handshake beyond the size of a message', async () => {
    const raw = await openRawSocket(brain.url)
    raw.send(`40/agent,${JSON.stringify({ secret: 'x'.repeat(2_000_000) })}`)
    await raw.closed
    await brain.agents.until(() => brain.agents.refusals().length === 1)
    expect(brain.agents.refusals()[0]?.code).toBe('PAYLOAD_TOO_LARGE')
  })

  for (const packet of [
    '40/agent,"secret"',
    '40/agent,{',
    '40/agent,null',
    '42/agent,["node.report",{}]',
    '99',
    '40/agent,[]',
  ]) {
    it(`cuts a connection that begins with ${packet}`, async () => {
      const raw = await openRawSocket(brain.url)
      raw.send(packet)
      await raw.closed
      await brain.agents.until(() => brain.agents.refusals().length === 1)
      expect(brain.agents.refusals()[0]?.code).toBe('HANDSHAKE_REFUSED')
    })
  }

  it('puts everybody off while the brain starts, and records no refusal', async () => {
    brain.setStarted(false)
    const agent = makeAgent({ identity: brain.agents.addNode('node-a'), reconnects: true })
    expect(await refusalCode(agent)).toBe('UNAVAILABLE')
    brain.setStarted(true)
    await brain.agents.until(() => brain.agents.of('connected').length === 1)
    expect(brain.agents.refusals()).toEqual([])
  })

  it('lets nobody into other namespaces', async () => {
    for (const name of ['/', '/agents', '/admin']) {
      const socket = io(`${brain.url}${name}`, { transports: ['websocket'], forceNew: true, reconnection: false })
      const error = await new Promise<Error>(resolve => socket.once('connect_error', resolve))
      expect(error.message).toBe('Invalid namespace')
      socket.close()
    }
  })
})

describe('what an agent says', () => {
  it('is acknowledged and handed on in order', async () => {
    const agent = await connected()
    brain.agents.owners.set('one', 'node-a')
    brain.agents.faults.observed = () => new Promise(resolve => setImmediate(resolve))
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        agent.say('instance.observed', { stream: index + 1, observation: makeObservation('one', { seq: index }) }),
      ),
    )
    expect(answers.every(answer => answer?.ok)).toBe(true)
    expect(brain.agents.of('observed').map(([, observation]) => observation.seq)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    )
  })

  it('is a sign of life when it comes, not when its turn comes', async () => {
    const agent = await connected()
    brain.agents.owners.set('one', 'node-a')
    let release = (): void => undefined
    brain.agents.faults.observed = () => new Promise(resolve => (release = resolve))
    agent.socket.emit('instance.observed', makeAgentMessage['instance.observed']('one'))
    await brain.agents.until(() => brain.agents.of('observed').length === 1)
    const before = brain.agents.of('touched').length
    agent.socket.emit('node.heartbeat', makeAgentMessage['node.heartbeat']('one'))
    await brain.agents.until(() => brain.agents.of('touched').length === before + 1)
    expect(brain.agents.of('heartbeat')).toEqual([])
    release()
    await brain.agents.until(() => brain.agents.of('heartbeat').length === 1)
  })

  it('is answered with the address of a layer', async () => {
    const agent = await connected()
    brain.agents.owners.set('one', 'node-a')
    const answer = await agent.say('layer.url', makeAgentMessage['layer.url']('one'))
    expect(answer).toEqual({ ok: true, data: { url: `http://127.0.0.1/layers/${'a'.repeat(64)}`, sizeBytes: 1 } })
  })

  it('is answered with code and words when a service refuses, and with INTERNAL when it fails', async () => {
    const agent = await connected()
    brain.agents.owners.set('one', 'node-a')
    brain.agents.faults.observed = () => {
      throw new TypeError('secret detail')
    }
    const answer = await agent.say('instance.observed', makeAgentMessage['instance.observed']('one'))
    expect(answer).toMatchObject({ ok: false, code: 'INTERNAL' })
    expect(JSON.stringify(answer)).not.toContain('secret detail')
    expect(brain.logged.join()).toContain('secret detail')
    expect(agent.socket.connected).toBe(true)
  })

  it('is asked for anew after a gap, once, and accepted all the same', async () => {
    const agent = await connected()
    brain.agents.owners.set('one', 'node-a')
    await agent.say('instance.observed', { stream: 1, observation: makeObservation('one') })
    expect(resyncs(agent)).toBe(0)
    agent.behaviour.isSilent = true
    await agent.sayRaw('instance.observed', { stream: 4, observation: makeObservation('one') })
    await agent.sayRaw('instance.observed', { stream: 9, observation: makeObservation('one') })
    expect(brain.agents.of('observed')).toHaveLength(3)
    expect(resyncs(agent)).toBe(1)
    await agent.sayRaw('node.report', makeReport(['one'], 9))
    await agent.sayRaw('instance.observed', { stream: 10, observation: makeObservation('one') })
    expect(resyncs(agent)).toBe(1)
    await agent.sayRaw('instance.observed', { stream: 12, observation: makeObservation('one') })
    expect(resyncs(agent)).toBe(2)
  })

  it('waits until the welcome was taken', async () => {
    const agent = makeAgent({ identity: brain.agents.addNode('node-a'), behaviour: { slowMs: 150 } })
    const early = new Promise(resolve =>
      agent.socket.once('connect', () => resolve(agent.sayRaw('node.report', makeReport([])))),
    )
    await agent.connect()
    await early
    const order = brain.agents.calls.map(call => call.name).filter(name => name === 'connected' || name === 'report')
    expect(order.slice(0, 2)).toEqual(['connected', 'report'])
  })
})

function resyncs(agent: FakeAgent): number {
  return agent.received.filter(message => message.name === 'node.resync').length
}

async function refusalCode(agent: FakeAgent): Promise<string | undefined> {
  const error: unknown = await agent.connect().catch((reason: unknown) => reason)
  return error instanceof FakeRefusal ? error.code : undefined
}
