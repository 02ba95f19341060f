import { createBrainMetrics } from '../../server/metrics/brain-metrics'
import { createScrape } from '../../server/metrics/scrape'
import { agentToBrain } from '../../shared/protocol/agent'
import { makeRecord, observedOf } from '../factories/instance-record'
import { fakeLoad, fakeSpecs } from '../fakes/fake-machine'
import { startQuietFleet } from '../support/quiet-fleet'

const NODES = 1_000
const SERVERS_EACH = 20
const ROUNDS = 4
const MIB = 1024 ** 2
const say = (line: string) => process.stdout.write(`${line}\n`)

/**
 * What statistics cost a brain with 1,000 nodes and 20,000 servers: CPU for one heartbeat with the figures of twenty servers, from its
 * text to memory; memory; and time, size and pauses of `/metrics`. Sockets are left out: they are the same without statistics.
 */
async function main(): Promise<void> {
  const quiet = await startQuietFleet()
  const nodes: string[] = []
  for (let at = 0; at < NODES; at++) nodes.push(await quiet.addNode(`node-${at}`))
  const held = new Map<string, string[]>()
  for (const nodeId of nodes) {
    const ids: string[] = []
    for (let at = 0; at < SERVERS_EACH; at++) {
      const id = `${nodeId}-${at}`
      await quiet.instances.create(
        makeRecord({ id, name: `server ${id}`, nodeId, layers: [], observed: observedOf() }),
        [],
      )
      ids.push(id)
    }
    held.set(nodeId, ids)
  }
  globalThis.gc?.()
  const before = process.memoryUsage()

  const beatOf = (nodeId: string, round: number, withServers: boolean) =>
    JSON.stringify({
      load: fakeLoad(3),
      engine: fakeSpecs().engine,
      watched: 0,
      instances: !withServers
        ? []
        : (held.get(nodeId) ?? []).map(instanceId => ({
            instanceId,
            runId: 'run-1',
            usage: {
              at: quiet.time.wall,
              cpuSeconds: round * 7.5,
              memoryBytes: 512 * MIB,
              networkRxBytes: round * MIB,
              networkTxBytes: round * MIB,
              diskReadBytes: round * MIB,
              diskWriteBytes: round * MIB,
            },
            ownFiles: { bytes: 40 * MIB, files: 300, at: quiet.time.wall },
          })),
    })

  async function beatAll(withServers: boolean): Promise<{ usEach: number; bytes: number }> {
    let spent = 0
    let bytes = 0
    for (let round = 1; round <= ROUNDS; round++) {
      quiet.time.wall += 15_000
      quiet.time.monotonic += 15_000
      const texts = nodes.map(nodeId => beatOf(nodeId, round, withServers))
      bytes = texts[0]?.length ?? 0
      const begun = process.cpuUsage()
      for (const [at, nodeId] of nodes.entries())
        await quiet.fleet.agentEvents.heartbeat(nodeId, agentToBrain['node.heartbeat'].parse(JSON.parse(texts[at]!)))
      await quiet.settled()
      const { user, system } = process.cpuUsage(begun)
      spent += user + system
    }
    return { usEach: spent / ROUNDS / NODES, bytes }
  }

  const bare = await beatAll(false)
  const full = await beatAll(true)
  globalThis.gc?.()
  const after = process.memoryUsage()
  const grown = (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / MIB
  say(`heartbeat without servers: ${bare.usEach.toFixed(0)} µs CPU, ${bare.bytes} bytes`)
  say(`heartbeat with ${SERVERS_EACH}: ${full.usEach.toFixed(0)} µs CPU, ${full.bytes} bytes`)
  // One in three beats carries figures.
  const share = (NODES / 5) * ((2 * bare.usEach + full.usEach) / 3 / 1e6)
  say(`all heartbeats of ${NODES} nodes: ${(share * 100).toFixed(1)} % of one core`)
  say(`memory for the figures of ${NODES * SERVERS_EACH} servers: ${grown.toFixed(0)} MB`)

  const scrape = createScrape({
    metrics: createBrainMetrics('bench'),
    instances: quiet.instances,
    nodes: quiet.fleet.nodes,
    board: quiet.fleet.board,
    connections: () => ({ agents: NODES, pages: 0 }),
    certificateExpiresAt: () => null,
  })
  for (const withInstances of [false, true, false, true]) {
    let longest = 0
    let last = performance.now()
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    const begun = performance.now()
    const text = await scrape({ withInstances })
    const ms = performance.now() - begun
    await new Promise(resolve => setTimeout(resolve, 5))
    clearInterval(ticking)
    const lines = text.split('\n').length
    say(
      `/metrics ${withInstances ? 'with every server' : 'without servers'}: ${ms.toFixed(0)} ms, ${(text.length / MIB).toFixed(1)} MB, ${lines} lines, longest pause of the brain ${longest.toFixed(0)} ms`,
    )
  }
  await quiet.close?.()
  process.exit(0)
}

await main()
