import type { AgentToBrain } from '../../shared/protocol/agent'
import type { FakeInstance } from './fake-instance'

const MIB = 1024 ** 2

/** What the servers of a fake agent have used: half a core, and 1 MiB a second each way, since they started. */
export function measureFakes(
  instances: ReadonlyMap<string, FakeInstance>,
): AgentToBrain['node.heartbeat']['instances'] {
  const at = Date.now()
  return [...instances.values()].flatMap(({ id, observation }) => {
    if (observation.state === 'DESTROYED') return []
    const seconds = (at - (observation.startedAt ?? at)) / 1_000
    const moved = Math.round(seconds * MIB)
    const usage = {
      at,
      cpuSeconds: seconds / 2,
      memoryBytes: 256 * MIB,
      networkRxBytes: moved,
      networkTxBytes: moved,
      diskReadBytes: moved,
      diskWriteBytes: moved,
    }
    const isAlive = observation.state === 'RUNNING'
    const ownFiles = { bytes: 40 * MIB, files: 12, at }
    return [{ instanceId: id, runId: observation.runId, usage: isAlive ? usage : null, ownFiles }]
  })
}
