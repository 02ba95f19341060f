import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { agentToBrain, type AgentToBrain } from '../../../../shared/protocol/agent'
import { createFakeAgent, type FakeAgent } from '../../../fakes/fake-agent'
import { startFakeBrain, type FakeBrain } from '../../../fakes/fake-brain'
import { makeAgentMessage } from '../../../factories/agent-messages'
import { openRawSocket } from '../../../support/raw-socket'

let brain: FakeBrain
let agent: FakeAgent

beforeEach(async () => {
  brain = await startFakeBrain()
  agent = createFakeAgent({
    brainUrl: brain.url,
    identity: brain.agents.addNode('node-a'),
    reconnects: false,
    heartbeatMs: 60_000,
  })
  await agent.connect()
  await brain.agents.until(() => brain.agents.of('report').length === 1)
  brain.agents.owners.set('own', 'node-a')
  brain.agents.owners.set('strange', 'node-b')
  brain.agents.calls.length = 0
})
afterEach(async () => {
  await agent.close()
  await brain.stop()
})

/** What the services were told, signs of life and refusals aside. */
function effects(): string[] {
  return brain.agents.calls.map(call => call.name).filter(name => name !== 'touched' && name !== 'refused')
}

const names = Object.keys(agentToBrain) as (keyof AgentToBrain)[]

describe('ownership, for every message of the protocol', () => {
  const aboutInstances = names.filter(
    name => name !== 'node.report' && JSON.stringify(makeAgentMessage[name]('strange')).includes('strange'),
  )

  it('covers every message but those about the node itself', () => {
    expect(names.filter(name => !aboutInstances.includes(name))).toEqual(['node.report', 'node.heartbeat'])
  })

  for (const name of aboutInstances) {
    for (const instanceId of ['strange', 'unknown']) {
      it(`refuses ${name} about an instance that is ${instanceId}`, async () => {
        const answer = await agent.sayRaw(name, makeAgentMessage[name](instanceId))
        expect(answer).toMatchObject({ ok: false, code: 'NOT_OWNER' })
        expect(effects()).toEqual([])
        expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'NOT_OWNER' }])
      })
    }
    it(`takes ${name} about its own`, async () => {
      expect(await agent.sayRaw(name, makeAgentMessage[name]('own'))).toMatchObject({ ok: true })
    })
  }

  it('lets strange instances through in a report, for the service to show as found', async () => {
    await agent.sayRaw('node.report', makeAgentMessage['node.report']('strange'))
    expect(effects()).toEqual(['report'])
  })
})

describe('wrong shapes, for every message of the protocol', () => {
  const wrong: [string, unknown[]][] = [
    ['nothing', []],
    ['null', [null]],
    ['text', ['own']],
    ['a list', [[]]],
    ['an empty object', [{}]],
    ['bytes', [Buffer.alloc(64)]],
    ['its instance as a number', [{ instanceId: 7 }]],
    ['a polluted prototype', [JSON.parse('{"__proto__": {"instanceId": "own"}, "constructor": 1}')]],
  ]
  for (const name of names) {
    for (const [what, args] of wrong) {
      it(`refuses ${name} with ${what}`, async () => {
        expect(await agent.sayRaw(name, ...args)).toMatchObject({ ok: false, code: 'MESSAGE_INVALID' })
        expect(effects()).toEqual([])
        expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'MESSAGE_INVALID' }])
      })
    }
    it(`refuses ${name} with a second payload`, async () => {
      expect(await agent.sayRaw(name, makeAgentMessage[name]('own'), {})).toMatchObject({
        ok: false,
        code: 'MESSAGE_INVALID',
      })
      expect(effects()).toEqual([])
    })
  }
})

describe('names that are not of the protocol', () => {
  for (const name of [
    'error',
    'message',
    'ping',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'node.welcome',
    'instance.start',
    '',
    'x'.repeat(10_000),
  ]) {
    it(`refuses ${name.slice(0, 20) || 'the empty name'} and lives on`, async () => {
      expect(await agent.sayRaw(name, makeAgentMessage['instance.stats']('own'))).toMatchObject({
        ok: false,
        code: 'MESSAGE_INVALID',
      })
      expect(effects()).toEqual([])
      expect(await agent.sayRaw('instance.progress', makeAgentMessage['instance.progress']('own'))).toMatchObject({
        ok: true,
      })
    })
  }

  for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
    it(`cuts a connection that uses the reserved name ${name}`, async () => {
      agent.socket.io.engine.write(`2/agent,${JSON.stringify([name, {}])}`)
      await brain.agents.until(() => brain.agents.of('disconnected').length === 1)
      expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'MESSAGE_INVALID' }])
      expect(effects()).toEqual(['disconnected'])
    })
  }
})

describe('too much', () => {
  it('cuts the connection at a message of 2 MB', async () => {
    agent.socket.emit('instance.console', {
      ...makeAgentMessage['instance.console']('own'),
      lines: ['x'.repeat(2_000_000)],
    })
    await brain.agents.until(() => brain.agents.of('disconnected').length === 1)
    expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'PAYLOAD_TOO_LARGE' }])
    expect(effects()).toEqual(['disconnected'])
  })

  it('cuts the connection at 10,000 messages a second and handles no more than were allowed', async () => {
    const began = performance.now()
    for (let index = 0; index < 10_000; index++)
      agent.socket.emit('instance.progress', makeAgentMessage['instance.progress']('own'))
    await brain.agents.until(() => brain.agents.of('disconnected').length === 1)
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'TOO_MANY_REQUESTS' }])
    expect(brain.agents.of('progress').length).toBeLessThanOrEqual(POLICY.channel.messagesPerSecond * 1.5)
  })

  it('cuts a flood before the handshake, too', async () => {
    const raw = await openRawSocket(brain.url)
    for (let index = 0; index < 10_000; index++) raw.send('40/nowhere,{}')
    await raw.closed
    await brain.agents.until(() => brain.agents.refusals().length > 0)
    expect(brain.agents.refusals()).toMatchObject([{ nodeId: null, code: 'TOO_MANY_REQUESTS' }])
  })

  it('cuts the connection when more waits than is taken in a second', async () => {
    let release = (): void => undefined
    brain.agents.faults.progress = () => new Promise(resolve => (release = resolve))
    for (let index = 0; index < POLICY.channel.messagesPerSecond + 2; index++) {
      agent.socket.emit('instance.progress', makeAgentMessage['instance.progress']('own'))
      if (index % 500 === 499) await new Promise(resolve => setTimeout(resolve, 300))
    }
    await brain.agents.until(() => brain.agents.refusals().length === 1)
    expect(brain.agents.refusals()).toMatchObject([{ nodeId: 'node-a', code: 'TOO_MANY_REQUESTS' }])
    release()
    await brain.agents.until(() => brain.agents.of('disconnected').length === 1)
    expect(brain.agents.of('progress')).toHaveLength(1)
  })

  it('does without acknowledgements, and ignores those it never asked for', async () => {
    agent.socket.emit('instance.progress', makeAgentMessage['instance.progress']('own'))
    agent.socket.emit('nonsense')
    agent.socket.io.engine.write('3/agent,4711[{"ok":true}]')
    agent.socket.io.engine.write('3/agent,1["__proto__"]')
    expect(await agent.sayRaw('instance.progress', makeAgentMessage['instance.progress']('own'))).toMatchObject({
      ok: true,
    })
    expect(brain.agents.of('progress')).toHaveLength(2)
  })
})
