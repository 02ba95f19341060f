import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { POLICY } from '../../../../shared/domain/policy'
import { startQuietFleet } from '../../../support/quiet-fleet'
import type { QuietFleet } from '../../../support/quiet-fleet'

let bench: QuietFleet
let node: string
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  bench = await startQuietFleet()
  node = await bench.addNode('one')
  bench.takeCommands()
})
afterEach(async () => {
  await bench.close()
  vi.useRealTimers()
  expect(bench.problems).toEqual([])
})

/** Moves both clocks and lets the sweep come by. */
async function pass(ms: number) {
  bench.time.wall += ms
  bench.time.monotonic += ms
  bench.fleet.agentEvents.touched(node)
  vi.advanceTimersByTime(POLICY.reconcile.sweepMs)
  await bench.settled()
}

async function running(): Promise<string> {
  const id = await bench.create()
  for (const state of ['PREPARING', 'PREPARED', 'STARTING', 'RUNNING'] as const)
    await bench.observe(node, id, { state })
  bench.takeCommands()
  return id
}

describe('commands', () => {
  it('follow one another as the node gets on, each once', async () => {
    const id = await bench.create()
    expect(bench.takeCommands()).toEqual(['prepare 1'])
    await bench.observe(node, id, { state: 'PREPARING' })
    expect(bench.takeCommands()).toEqual([])
    await bench.observe(node, id, { state: 'PREPARED' })
    expect(bench.takeCommands()).toEqual(['start 1'])
    await bench.observe(node, id, { state: 'STARTING' })
    await bench.observe(node, id, { state: 'RUNNING' })
    expect(bench.takeCommands()).toEqual([])
  })

  it('that were accepted and came to nothing are said again, and then the node is asked for the whole', async () => {
    await bench.create()
    expect(bench.takeCommands()).toEqual(['prepare 1'])
    await pass(POLICY.channel.resendMs - 1)
    expect(bench.takeCommands()).toEqual([])
    await pass(1)
    expect(bench.takeCommands()).toEqual(['prepare 1', 'node.resync'])
  })

  it('that are refused are put into words, and not repeated at once', async () => {
    const id = await bench.create()
    bench.takeCommands()
    bench.answers.to = async name =>
      name === 'instance.prepare'
        ? { ok: false, code: 'DISK_FULL', message: 'The disk of the node is full.' }
        : { ok: true }
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual(['prepare 1', 'node.resync'])
    expect(await bench.find(id)).toMatchObject({
      state: 'REQUESTED',
      reason: { code: 'DISK_FULL', message: 'The disk of the node is full.' },
    })
    // The report that was asked for must not make it come back faster.
    await bench.report(node, [])
    expect(bench.takeCommands()).toEqual([])
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual(['prepare 1', 'node.resync'])
    expect((await bench.events(id)).filter(({ cause }) => cause === 'node.refused')).toHaveLength(1)
    bench.answers.to = async () => ({ ok: true })
    await bench.observe(node, id, { state: 'PREPARING' })
    expect((await bench.find(id)).reason).toBeNull()
  })

  it('that a newer wish replaced need no words', async () => {
    const id = await running()
    bench.answers.to = async () => ({ ok: false, code: 'STALE_COMMAND', message: 'Newer.' })
    await bench.press('stop', id)
    expect(await bench.find(id)).toMatchObject({ state: 'RUNNING', reason: null })
    expect(bench.takeCommands()).toEqual(['stop 1', 'node.resync'])
  })

  it('find a node out of reach without harm, and are said again over a new connection', async () => {
    const id = await running()
    await bench.disconnect(node)
    await bench.press('stop', id)
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual([])
    await bench.connect(node, [await bench.observe(node, id, { state: 'RUNNING' })])
    expect(bench.takeCommands()).toEqual(['stop 1'])
    await bench.disconnect(node)
    await bench.connect(node, [await bench.observe(node, id, { state: 'RUNNING' })])
    expect(bench.takeCommands()).toEqual(['stop 1'])
  })

  it('wait until a new connection has told the whole truth', async () => {
    const id = await running()
    await bench.disconnect(node)
    await bench.press('stop', id)
    await bench.fleet.agentEvents.connected(node, false)
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual([])
  })
})

describe('what time makes due', () => {
  it('is another try of preparing, three times, then failure', async () => {
    const id = await bench.create()
    await bench.observe(node, id, { state: 'PREPARING' })
    bench.takeCommands()
    for (const attempt of [1, 2, 3]) {
      await pass(POLICY.prepare.stalledAfterMs - 1)
      expect(bench.takeCommands()).toEqual([])
      await pass(1)
      expect(bench.takeCommands()).toContain('prepare 1')
      expect(await bench.find(id)).toMatchObject({ state: 'PREPARING', prepareAttempts: attempt })
    }
    await pass(POLICY.prepare.stalledAfterMs)
    expect(await bench.find(id)).toMatchObject({ state: 'FAILED', reason: { code: 'PREPARE_STALLED' } })
    bench.takeCommands()
    await pass(POLICY.prepare.stalledAfterMs)
    expect(bench.takeCommands()).toEqual([])
    await bench.press('retry', id)
    expect(bench.takeCommands()).toEqual(['prepare 2'])
    expect((await bench.find(id)).prepareAttempts).toBe(0)
  })

  it('is not while there is progress, nor while the node is away', async () => {
    const id = await bench.create()
    await bench.observe(node, id, { state: 'PREPARING' })
    bench.takeCommands()
    await pass(POLICY.prepare.stalledAfterMs - 1)
    await bench.fleet.agentEvents.progress(node, {
      instanceId: id,
      generation: 1,
      step: 'fetch',
      doneBytes: 1,
      totalBytes: 9,
    })
    expect((await bench.fleet.instances.get(id)).progress).toEqual({ step: 'fetch', doneBytes: 1, totalBytes: 9 })
    await pass(POLICY.prepare.stalledAfterMs - 1)
    expect(bench.takeCommands()).toEqual([])

    await bench.disconnect(node)
    await pass(POLICY.prepare.stalledAfterMs * 10)
    await bench.connect(node, [await bench.observe(node, id, { state: 'PREPARING' })])
    expect(await bench.find(id)).toMatchObject({ state: 'PREPARING', prepareAttempts: 0 })
  })

  it('is the word that a server is overdue, and nothing else', async () => {
    const id = await running()
    await bench.observe(node, id, { state: 'STARTING', runId: 'run-2' })
    await pass(600_000 + POLICY.channel.resendMs + 1)
    expect(await bench.find(id)).toMatchObject({ state: 'STARTING', reason: { code: 'OVERDUE' } })
    expect(bench.takeCommands()).toEqual([])
    await bench.observe(node, id, { state: 'RUNNING', runId: 'run-2' })
    expect(await bench.find(id)).toMatchObject({ state: 'RUNNING', reason: null })
  })
})

describe('what cannot be made', () => {
  it('fails in words, and is tried again only when that is wanted', async () => {
    bench.manifest.current = { runtime: { image: 'none' }, variables: { KEY: {} } }
    const id = await bench.create()
    await bench.observe(node, id, { state: 'PREPARING' })
    await bench.observe(node, id, { state: 'FAILED', reason: { code: 'PREPARE_FAILED', message: 'x' } })
    bench.manifest.current = { runtime: { image: 'none' }, variables: { KEY: { required: true } } }
    bench.takeCommands()
    await bench.press('retry', id)
    expect(await bench.find(id)).toMatchObject({
      state: 'FAILED',
      appliedGeneration: 2,
      reason: { code: 'VARIABLES_MISSING' },
    })
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual([])
  })
})

describe('a brain that dies', () => {
  it('finds everything again, says nothing twice, and goes on', async () => {
    const runs = await running()
    const waits = await bench.create({ name: 'waits' })
    await bench.observe(node, waits, { state: 'PREPARING' })
    await bench.press('stop', runs)
    const before = await bench.find(runs)
    bench.takeCommands()
    await bench.restart()
    await pass(POLICY.channel.resendMs)
    expect(bench.takeCommands()).toEqual([])
    expect(await bench.find(runs)).toEqual(before)
    expect((await bench.fleet.instances.get(runs)).node?.contact).toBe('online')

    await bench.connect(node, [
      await bench.observe(node, runs, { state: 'RUNNING' }),
      await bench.observe(node, waits, { state: 'PREPARED' }),
    ])
    expect(bench.takeCommands().sort()).toEqual(['start 1', 'stop 1'])
  })

  it('places after its start what it could not place before', async () => {
    const closed = await bench.fleet.nodes.patch(node, { schedulable: false })
    expect(closed.schedulable).toBe(false)
    const id = await bench.create()
    expect((await bench.find(id)).nodeId).toBeNull()
    await bench.restart()
    await bench.fleet.nodes.patch(node, { schedulable: true })
    await bench.connect(node)
    expect((await bench.find(id)).nodeId).toBe(node)
  })
})

it('resolves stop only when nothing is under way any more', async () => {
  const id = await running()
  const answer = Promise.withResolvers<{ ok: true }>()
  bench.answers.to = () => answer.promise
  await bench.press('stop', id)
  let isStopped = false
  const stopping = bench.fleet.stop().then(() => (isStopped = true))
  await bench.settled()
  expect(isStopped).toBe(false)
  answer.resolve({ ok: true })
  await stopping
})
