import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Actor } from '../../shared/schemas/event'
import { startQuietFleet } from '../support/quiet-fleet'

/**
 * How long a brain takes to create and place many servers on many nodes, without nodes and without a disk. Run with
 * `node --import tsx tests/bench/placement.ts [nodes] [servers]`; prints one line of JSON.
 */
async function measurePlacement(nodes: number, servers: number) {
  const bench = await startQuietFleet()
  const GIB = 1024 ** 3
  const specs = { memoryBytes: 256 * GIB, maxInstances: null }
  for (let at = 0; at < nodes; at++) await bench.addNode(`node-${String(at).padStart(4, '0')}`, specs)
  const ada: Actor = { kind: 'user', id: 'u1', name: 'ada' }
  const before = process.cpuUsage()
  const startedAt = performance.now()
  for (let at = 0; at < servers; at++)
    await bench.fleet.instances.create(ada, {
      name: `server-${at}`,
      layers: [{ template: 'base' }],
      persistent: true,
      desired: 'running',
    })
  const isPlaced = async () => (await bench.instances.restless()).every(({ nodeId }) => nodeId !== null)
  while (!(await isPlaced())) await nextTurn()
  const cpu = process.cpuUsage(before)
  const figures = {
    nodes,
    servers,
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    cpuSeconds: Math.round((cpu.user + cpu.system) / 100_000) / 10,
  }
  await bench.close()
  return figures
}

const [nodes = 1_000, servers = 5_000] = process.argv.slice(2).map(Number)
process.stdout.write(`${JSON.stringify(await measurePlacement(nodes, servers))}\n`)
