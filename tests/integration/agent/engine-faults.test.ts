import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openBreakableEngine } from '../../support/breakable-engine'
import type { BreakableEngine } from '../../support/breakable-engine'
import { openSupervisedNode } from '../../support/supervised-node'
import type { SupervisedNode } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

/** Ends with 0 when it is asked to, as a well-behaved server does when the engine stops. */
const POLITE = 'trap "exit 0" TERM; echo up; while :; do sleep 0.1; done'

describe('an engine that fails', () => {
  let engine: BreakableEngine
  let node: SupervisedNode
  beforeAll(async () => {
    engine = await openBreakableEngine()
  })
  afterAll(() => engine.close())
  beforeEach(async () => {
    node = await openSupervisedNode({ runtime: 'docker', engineAddress: engine.address })
  })
  afterEach(() => node.close())

  async function running(script = POLITE) {
    const spec = node.spec(script, { ready: { log: 'up' }, restart: { policy: 'on-failure' } })
    const observation = await node.start(spec)
    return { id: spec.id, observation, told: node.of(spec.id).length }
  }
  const statesAfter = (id: string, told: number) =>
    node
      .of(id)
      .slice(told)
      .map(observation => observation.state)

  it('is stopped and started: servers that went with it start again, and nobody says that they stopped', async () => {
    const { id, observation, told } = await running()
    const stubborn = await running('trap "" TERM; echo up; while :; do sleep 0.1; done')
    await engine.stop()
    await node.seen(id, 'the engine to be away', seen => seen.reason?.code === 'ENGINE_UNAVAILABLE', told)
    expect(node.runtimes.docker.engine()).toMatchObject({
      available: false,
      message: expect.stringContaining('does not answer'),
    })
    await engine.start()
    const restarted = await node.seen(id, 'the restart', seen => seen.reason?.code === 'ENGINE_RESTARTED', told)
    expect(restarted).toMatchObject({ restarts: 0, state: 'STARTING' })
    const again = await node.state(id, 'RUNNING', node.of(id).indexOf(restarted))
    expect([again.runId === observation.runId, again.restarts, again.reason]).toEqual([false, 0, null])
    await node.seen(
      stubborn.id,
      'the other one to run',
      seen => seen.state === 'RUNNING' && seen.runId !== stubborn.observation.runId,
      stubborn.told,
    )
    for (const states of [statesAfter(id, told), statesAfter(stubborn.id, stubborn.told)]) {
      expect(states.filter(state => state !== 'RUNNING' && state !== 'STARTING')).toEqual([])
    }
  })

  it('is killed: the same', async () => {
    const { id, told } = await running()
    await engine.stop('SIGKILL')
    await node.seen(id, 'the engine to be away', seen => seen.reason?.code === 'ENGINE_UNAVAILABLE', told)
    await engine.start()
    const back = await node.seen(id, 'to run', seen => seen.state === 'RUNNING' && seen.reason === null, told)
    expect(back.restarts).toBe(0)
    expect(statesAfter(id, told).filter(state => state !== 'RUNNING' && state !== 'STARTING')).toEqual([])
  })

  it('hangs: what it runs is said to be not known, and is as before when it answers again', async () => {
    const { id, observation, told } = await running()
    engine.hang()
    await node.seen(id, 'the engine to be away', seen => seen.reason?.code === 'ENGINE_UNAVAILABLE', told)
    engine.thaw()
    const back = await node.seen(id, 'to run as before', seen => seen.reason === null, told + 1)
    expect(back).toMatchObject({ state: 'RUNNING', runId: observation.runId, startedAt: observation.startedAt })
  })

  it('is away while somebody wants something: it waits, is said, and is done when the engine is back', async () => {
    const { id, told } = await running()
    const fresh = node.spec(POLITE, { ready: { log: 'up' } })
    await engine.stop()
    await node.seen(id, 'the engine to be away', seen => seen.reason?.code === 'ENGINE_UNAVAILABLE', told)
    await node.command('instance.stop', id, 2)
    await node.prepare(fresh, 1)
    await node.seen(
      fresh.id,
      'to say why it waits',
      seen => seen.state === 'PREPARING' && seen.reason?.code === 'ENGINE_UNAVAILABLE',
    )
    await engine.start()
    await node.state(id, 'STOPPED', told)
    await node.state(fresh.id, 'PREPARED')
  })

  it('was away when the agent began, and is found when it comes', async () => {
    const { id, observation } = await running()
    await node.closeAgent()
    await engine.stop()
    await node.openAgent()
    expect(node.last(id)).toMatchObject({
      state: 'RUNNING',
      runId: observation.runId,
      reason: { code: 'ENGINE_UNAVAILABLE' },
    })
    const told = node.of(id).length
    await engine.start()
    await node.seen(
      id,
      'to run again',
      seen => seen.state === 'RUNNING' && seen.reason === null && seen.runId !== observation.runId,
      told,
    )
  })

  it('does not touch what it does not run', async () => {
    const plain = node.spec(
      'echo up; sleep 60',
      { ready: { log: 'up' }, image: '127.0.0.1:9/nowhere:1' },
      { allowProcessFallback: true },
    )
    await node.start(plain)
    const told = node.of(plain.id).length
    await engine.stop()
    await waitFor('the engine to be away', () => !node.runtimes.docker.engine().available)
    await delay(500)
    await engine.start()
    await waitFor('the engine to be back', () => node.runtimes.docker.engine().available)
    expect(node.of(plain.id)).toHaveLength(told)
  })
})
