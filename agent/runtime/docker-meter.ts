import type { RunUsage } from '../../shared/schemas/usage'
import type { RunRef } from './container-runtime'
import type { DockerContainers } from './docker-containers'
import { statusOf } from './docker-errors'
import { dockerStats, usageOf } from './docker-stats'

/** Someone who hangs on one container must not hold up the round. */
const CALL_LIMIT_MS = 5_000

/** Reads what containers have used. A container is looked for once per run, then asked by its id: one short call for each reading. */
export class DockerMeter {
  private readonly containers: DockerContainers
  private readonly known = new Map<string, { runId: string; containerId: string }>()

  constructor(containers: DockerContainers) {
    this.containers = containers
  }

  async read(run: RunRef): Promise<RunUsage | null> {
    const containerId = await this.find(run)
    if (!containerId) return null
    // Without one-shot the engine would wait a second for a second sample.
    const options = { stream: false, 'one-shot': true } as { stream: false }
    const container = this.containers.get(containerId)
    try {
      const answer: unknown = await this.containers.engine.call(
        'read the statistics of a container',
        abortSignal => container.stats({ ...options, abortSignal } as { stream: false }),
        [404, 409],
        CALL_LIMIT_MS,
      )
      const usage = usageOf(dockerStats.parse(answer), Date.now())
      if (!usage) this.known.delete(run.instanceId)
      return usage
    } catch (error) {
      this.known.delete(run.instanceId)
      if (statusOf(error) === 404 || statusOf(error) === 409) return null
      throw error
    }
  }

  private async find(run: RunRef): Promise<string | null> {
    const known = this.known.get(run.instanceId)
    if (known?.runId === run.runId) return known.containerId
    const found = await this.containers.findRunning(run)
    if (!found) return null
    this.known.set(run.instanceId, { runId: run.runId, containerId: found.Id })
    return found.Id
  }
}
