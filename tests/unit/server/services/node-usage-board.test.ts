import { afterEach, beforeEach, expect, it } from 'vitest'
import { createNodeUsageBoard } from '../../../../server/services/node-usage-board'
import { startQuietFleet } from '../../../support/quiet-fleet'
import type { QuietFleet } from '../../../support/quiet-fleet'

let bench: QuietFleet
beforeEach(async () => {
  bench = await startQuietFleet()
})
afterEach(() => bench.close())

it('follows commits to the same sums that the database gives', async () => {
  const nodes = [await bench.addNode('one'), await bench.addNode('two')]
  const board = createNodeUsageBoard(bench.instances)
  await board.load()
  const before = new Map<string, Awaited<ReturnType<QuietFleet['find']>>>()
  const follow = async (id: string) => {
    const after = await bench.find(id)
    board.follow(before.get(id) ?? null, after)
    before.set(id, after)
    for (const node of nodes) {
      const { cpus, ...usage } = await bench.instances.usageOf(node)
      expect(board.of(node)).toEqual({ ...usage, cpus: expect.closeTo(cpus, 6) })
    }
  }
  const ids: string[] = []
  for (const cpus of [0.1, 0.2, 0.7, 1.3]) {
    const id = await bench.create({ name: `s${cpus}`, resources: { cpus, memoryMb: 100, diskMb: 50 } })
    ids.push(id)
    await follow(id)
  }
  for (const id of ids) {
    const { nodeId } = await bench.find(id)
    await bench.observe(nodeId ?? '', id, { state: 'RUNNING', generation: 1 })
    await follow(id)
    await bench.fleet.instances.patch({ kind: 'user', id: 'u1', name: 'ada' }, id, { resources: { memoryMb: 64 } })
    await follow(id)
    await bench.press('destroy', id)
    await bench.observe(nodeId ?? '', id, { state: 'DESTROYED', generation: 3 })
    await follow(id)
  }
  expect(nodes.map(node => board.of(node).cpus)).toEqual([0, 0])
})
