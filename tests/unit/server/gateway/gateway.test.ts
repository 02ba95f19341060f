import { afterEach, describe, expect, it } from 'vitest'
import { createFakeAgent, type FakeAgent } from '../../../fakes/fake-agent'
import { startFakeBrain } from '../../../fakes/fake-brain'
import { makeObservation } from '../../../factories/agent-messages'

let agents: FakeAgent[] = []
afterEach(async () => {
  await Promise.all(agents.map(agent => agent.close()))
  agents = []
})

describe('the gateway', () => {
  it('holds a hundred agents, each heard by its own name', async () => {
    const brain = await startFakeBrain()
    const nodes = Array.from({ length: 100 }, (_, index) => `node-${index}`)
    agents = nodes.map(nodeId =>
      createFakeAgent({ brainUrl: brain.url, identity: brain.agents.addNode(nodeId), heartbeatMs: 100 }),
    )
    for (const nodeId of nodes) brain.agents.owners.set(`of-${nodeId}`, nodeId)
    await Promise.all(agents.map(agent => agent.connect()))
    await brain.agents.until(() => new Set(brain.agents.of('heartbeat').map(([nodeId]) => nodeId)).size === 100)
    const answers = await Promise.all(
      agents.map((agent, index) =>
        agent.say('instance.observed', { stream: 1, observation: makeObservation(`of-node-${index}`) }),
      ),
    )
    expect(answers.every(answer => answer?.ok)).toBe(true)
    const replies = await Promise.all(
      nodes.map(nodeId => brain.gateway.agentLink.send(nodeId, 'instance.logs', { instanceId: 'none', tail: 1 })),
    )
    expect(replies.every(reply => reply.ok)).toBe(true)
    expect(brain.agents.refusals()).toEqual([])
    await brain.stop()
    expect(new Set(brain.agents.of('disconnected').map(([nodeId]) => nodeId)).size).toBe(100)
  })

  it('closes as if the line was lost: agents dial again by themselves, and what they had said is handled first', async () => {
    const brain = await startFakeBrain()
    brain.agents.owners.set('one', 'node-a')
    const agent = createFakeAgent({ brainUrl: brain.url, identity: brain.agents.addNode('node-a') })
    agents = [agent]
    await agent.connect()
    await brain.agents.until(() => brain.agents.of('report').length === 1)
    brain.agents.faults.observed = () => new Promise(resolve => setTimeout(resolve, 20))
    for (let index = 1; index <= 5; index++)
      agent.socket.emit('instance.observed', { stream: index, observation: makeObservation('one') })
    await brain.agents.until(() => brain.agents.of('observed').length === 1)
    const reason = new Promise(resolve => agent.socket.once('disconnect', resolve))
    const dialling = new Promise(resolve => agent.socket.io.once('reconnect_attempt', resolve))
    await brain.stop()
    expect(brain.agents.of('observed')).toHaveLength(5)
    expect(brain.agents.calls.at(-1)?.name).toBe('disconnected')
    expect(await reason).toBe('transport close')
    await dialling
    expect(brain.agents.refusals()).toEqual([])
    await brain.gateway.close()
  })
})
