import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { createFakeAgent, type FakeAgent } from '../../../fakes/fake-agent'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'

let brain: FakeBrain
let agent: FakeAgent

beforeEach(async () => {
  brain = await startFakeBrain()
  agent = createFakeAgent({ brainUrl: brain.url, identity: brain.agents.addNode('node-a'), heartbeatMs: 60_000 })
  await agent.connect()
  await brain.agents.until(() => brain.agents.of('report').length === 1)
})
afterEach(async () => {
  await agent.close()
  await brain.stop()
})

const command = { commandId: 'command-1', instanceId: 'one', generation: 1 }

describe('the link to an agent', () => {
  it('brings back what the agent answers, refusals too', async () => {
    const { agentLink } = brain.gateway
    expect(agentLink.isConnected('node-a')).toBe(true)
    expect(agentLink.connectedNodes()).toEqual(['node-a'])
    expect(await agentLink.send('node-a', 'cache.list', {})).toEqual({ ok: true, data: { layers: [] } })
    expect(await agentLink.send('node-a', 'instance.start', command)).toMatchObject({ ok: false, code: 'NOT_FOUND' })
  })

  it('says NODE_UNREACHABLE for a node that is not there', async () => {
    await expect(brain.gateway.agentLink.send('node-z', 'cache.list', {})).rejects.toMatchObject({
      code: 'NODE_UNREACHABLE',
    })
  })

  it(
    'says NODE_UNREACHABLE when no answer comes in time',
    async () => {
      agent.behaviour.isSilent = true
      await expect(brain.gateway.agentLink.send('node-a', 'cache.list', {})).rejects.toMatchObject({
        code: 'NODE_UNREACHABLE',
      })
    },
    POLICY.channel.ackMs + 5_000,
  )

  it('says NODE_UNREACHABLE at once when the connection ends before the answer', async () => {
    agent.behaviour.isSilent = true
    const sent = brain.gateway.agentLink.send('node-a', 'cache.list', {})
    const began = performance.now()
    await Promise.all([expect(sent).rejects.toMatchObject({ code: 'NODE_UNREACHABLE' }), agent.close()])
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  it('refuses an answer in a shape that is not known', async () => {
    agent.socket.offAny()
    agent.socket.on('cache.list', (_payload: unknown, acknowledge: (answer: unknown) => void) =>
      acknowledge({ fine: true }),
    )
    expect(await brain.gateway.agentLink.send('node-a', 'cache.list', {})).toMatchObject({
      ok: false,
      code: 'MESSAGE_INVALID',
    })
  })

  it('ends the connection of a node whose identity is no longer good; it stays out', async () => {
    brain.agents.removeNode('node-a')
    brain.gateway.agentLink.disconnect('node-a', 'removed')
    expect(brain.gateway.agentLink.isConnected('node-a')).toBe(false)
    await brain.agents.until(() => brain.agents.refusals().length > 0)
    expect(brain.agents.refusals()[0]?.code).toBe('HANDSHAKE_REFUSED')
    expect(brain.gateway.agentLink.connectedNodes()).toEqual([])
  })

  it('stands again after the line was lost, with the whole truth', async () => {
    agent.dropConnection()
    await brain.agents.until(() => brain.agents.of('report').length === 2)
    expect(await brain.gateway.agentLink.send('node-a', 'cache.list', {})).toMatchObject({ ok: true })
    expect(brain.agents.of('disconnected')).toHaveLength(1)
  })
})
