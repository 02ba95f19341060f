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

it('takes up a node that is put in place of a full one, and room that a change of its limits makes', async () => {
  const node = await bench.addNode('one', { maxInstances: 1 })
  const [first, second] = [await bench.create({ name: 'a' }), await bench.create({ name: 'b' })]
  expect(await placesOf([first, second])).toEqual([node, null])
  await bench.fleet.nodes.patch(node, { maxInstances: 2 })
  expect(await placesOf([first, second])).toEqual([node, node])
  // A smaller limit than what runs harms nothing that is there.
  await bench.fleet.nodes.patch(node, { maxInstances: 0, reserve: { memoryBytes: 1_000 * GIB } })
  const third = await bench.create({ name: 'c' })
  expect(await placesOf([first, second, third])).toEqual([node, node, null])
  expect((await bench.find(third)).reason?.message).toContain('2048 of 0 MB are promised')
  const labelled = await bench.addNode('two')
  await bench.fleet.nodes.patch(labelled, { labels: { disk: 'ssd' } })
  const picky = await bench.create({ name: 'd', placement: { labels: { disk: 'hdd' } } })
  expect(await placesOf([third, picky])).toEqual([labelled, null])
  expect((await bench.find(picky)).reason?.message).toContain('disk=hdd (it has disk=ssd)')
})

it('says once why an instance waits, however often a place is looked for', async () => {
  const id = await bench.create()
  await bench.addNode('small', { memoryBytes: GIB / 2 })
  await bench.addNode('tiny', { memoryBytes: GIB / 4 })
  expect((await bench.find(id)).reason?.message).toMatch(/small: .*memory.* tiny: .*memory/)
  expect((await bench.events(id)).filter(({ cause }) => cause === 'placement.waiting')).toHaveLength(1)
})
