import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { createFakeAgent, FakeRefusal, type FakeAgent, type FakeAgentOptions } from '../../../fakes/fake-agent'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'

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
  const agent = createFakeAgent({
    brainUrl: brain.url,
    reconnects: false,
    identity: brain.agents.addNode('node-a'),
    heartbeatMs: 60_000,
    ...options,
  })
  agents.push(agent)
  return agent
}

function contact(): string[] {
  return brain.agents.calls.map(call => call.name).filter(name => name === 'connected' || name === 'disconnected')
}

describe('two agents with one identity', () => {
  it('refuses the second while the first is alive, and tells it', async () => {
    const first = makeAgent()
    await first.connect()
    const error: unknown = await makeAgent()
      .connect()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FakeRefusal)
    expect(error).toMatchObject({ code: 'IDENTITY_IN_USE' })
    expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'IDENTITY_IN_USE' }])
    expect(first.received.map(message => message.name)).toContain('node.ping')
    expect(first.socket.connected).toBe(true)
    expect(contact()).toEqual(['connected'])
  })

  it(
    'replaces a first one that is silent, whose unhandled messages are forgotten',
    async () => {
      const first = makeAgent()
      await first.connect()
      first.behaviour.isSilent = true
      const second = makeAgent()
      await second.connect()
      await brain.agents.until(() => contact().length === 3)
      expect(contact()).toEqual(['connected', 'disconnected', 'connected'])
      expect(await brain.gateway.agentLink.send('node-a', 'cache.list', {})).toMatchObject({ ok: true })
      expect(second.received.map(message => message.name)).toContain('cache.list')
      await gone(first)
    },
    POLICY.channel.pingMs + 5_000,
  )

  it('knows the same agent come back, and does not ask its dead connection', async () => {
    const first = makeAgent({ agentRunId: 'one-and-the-same' })
    await first.connect()
    first.behaviour.isSilent = true
    const began = performance.now()
    await makeAgent({ agentRunId: 'one-and-the-same' }).connect()
    expect(performance.now() - began).toBeLessThan(POLICY.channel.pingMs / 2)
    await gone(first)
  })

  it('gives the place to whoever joined with a new token: the first one has no good secret any more', async () => {
    const first = makeAgent()
    await first.connect()
    const second = makeAgent({ identity: undefined, joinToken: brain.agents.addJoinToken('node-a') })
    await second.connect()
    await gone(first)
    expect(second.socket.connected).toBe(true)
  })

  it('lets exactly one of ten in that come at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => makeAgent().connect()))
    await brain.agents.until(() => brain.gateway.agentLink.connectedNodes().length === 1)
    const last = agents.filter(agent => agent.socket.connected)
    expect(outcomes.some(outcome => outcome.status === 'fulfilled')).toBe(true)
    expect(last).toHaveLength(1)
    expect(
      contact().filter(name => name === 'connected').length - contact().filter(name => name === 'disconnected').length,
    ).toBe(1)
  })
})

async function gone(agent: FakeAgent): Promise<void> {
  if (agent.socket.connected) await new Promise(resolve => agent.socket.once('disconnect', resolve))
}
