import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeObservation } from '../../../factories/agent-messages'
import { startQuietFleet } from '../../../support/quiet-fleet'
import type { QuietFleet } from '../../../support/quiet-fleet'

let bench: QuietFleet
let node: string
let other: string
beforeEach(async () => {
  bench = await startQuietFleet()
  node = await bench.addNode('one')
  other = await bench.addNode('two', { maxInstances: 0 })
})
afterEach(async () => {
  await bench.close()
  expect(bench.problems).toEqual([])
})

it('changes nothing by the word of a node that does not hold the instance', async () => {
  const id = await bench.create()
  await bench.observe(node, id, { state: 'PREPARING' })
  const before = await bench.find(id)
  const lie = makeObservation(id, { seq: 1_000, state: 'FAILED' })
  expect(await bench.fleet.agentEvents.owns(other, id)).toBe(false)
  await bench.fleet.agentEvents.observed(other, lie)
  await bench.fleet.agentEvents.progress(other, {
    instanceId: id,
    generation: 1,
    step: 'fetch',
    doneBytes: 1,
    totalBytes: 2,
  })
  await bench.report(other, [lie])
  expect(await bench.find(id)).toEqual(before)
  expect((await bench.fleet.instances.get(id)).progress).toBeNull()
  expect((await bench.fleet.nodes.get(other)).found).toEqual([{ instanceId: id, name: id, state: 'FAILED' }])
})

it('takes two ports that are taken at once one after the other', async () => {
  const id = await bench.create()
  for (const state of ['PREPARING', 'PREPARED', 'STARTING'] as const) await bench.observe(node, id, { state })
  for (const host of [25_000, 25_001]) {
    expect((await bench.find(id)).ports[0]?.host).toBe(host)
    const generation = (await bench.find(id)).generation
    const takenPort = { protocol: 'udp', host, name: 'game' } as const
    await bench.observe(node, id, {
      state: 'FAILED',
      generation,
      takenPort,
      reason: { code: 'PORT_TAKEN', message: 'Taken.' },
    })
    await bench.observe(node, id, { state: 'PREPARING', generation: generation + 1 })
  }
  expect(await bench.find(id)).toMatchObject({ generation: 3, startGeneration: 3, ports: [{ host: 25_002 }] })
  expect(bench.takeCommands()).toEqual(['prepare 1', 'start 1', 'prepare 2', 'prepare 3'])
})

it('leaves a failure as it is when there is no other port to give', async () => {
  await bench.connect(node, [], { ports: { from: 25_000, to: 25_000 } })
  const id = await bench.create()
  for (const state of ['PREPARING', 'PREPARED', 'STARTING'] as const) await bench.observe(node, id, { state })
  const takenPort = { protocol: 'udp', host: 25_000, name: 'game' } as const
  await bench.observe(node, id, { state: 'FAILED', takenPort, reason: { code: 'PORT_TAKEN', message: 'Taken.' } })
  expect(await bench.find(id)).toMatchObject({ state: 'FAILED', generation: 1, reason: { code: 'PORT_TAKEN' } })
})
