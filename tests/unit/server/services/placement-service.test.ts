import { afterEach, beforeEach, expect, it } from 'vitest'
import { startQuietFleet } from '../../../support/quiet-fleet'
import type { QuietFleet } from '../../../support/quiet-fleet'

const GIB = 1024 ** 3
let bench: QuietFleet
beforeEach(async () => {
  bench = await startQuietFleet()
})
afterEach(async () => {
  await bench.close()
  expect(bench.problems).toEqual([])
})

const names = Array.from({ length: 6 }, (_, index) => `s${index}`)
const placesOf = async (ids: string[]) => {
  await bench.settled()
  return Promise.all(ids.map(async id => (await bench.find(id)).nodeId))
}

it('promises the last free memory of a node to one of those that ask at once', async () => {
  // Room for three servers of 1 GiB.
  const node = await bench.addNode('one', {
    memoryBytes: 4 * GIB,
    reserve: { memoryBytes: GIB, cpus: 0, diskBytes: 0 },
  })
  const ids = await Promise.all(names.map(name => bench.create({ name })))
  const places = await placesOf(ids)
  expect(places.filter(place => place === node)).toHaveLength(3)
  const waiting = await bench.find(ids[places.indexOf(null)] ?? '')
  expect(waiting.reason).toMatchObject({
    code: 'NO_NODE_FITS',
    message: expect.stringContaining('0 MB of memory are free'),
  })
})

it('spreads what is created at once over the nodes', async () => {
  const nodes = [await bench.addNode('one'), await bench.addNode('two'), await bench.addNode('three')]
  const places = await placesOf(await Promise.all(names.map(name => bench.create({ name }))))
  expect(nodes.map(node => places.filter(place => place === node).length)).toEqual([2, 2, 2])
})

it('says once why an instance waits, however often a place is looked for', async () => {
  const id = await bench.create()
  await bench.addNode('small', { memoryBytes: GIB / 2 })
  await bench.addNode('tiny', { memoryBytes: GIB / 4 })
  expect((await bench.find(id)).reason?.message).toMatch(/small: .*memory.* tiny: .*memory/)
  expect((await bench.events(id)).filter(({ cause }) => cause === 'placement.waiting')).toHaveLength(1)
})
