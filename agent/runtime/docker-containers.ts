import type { RunRef } from './container-runtime'
import type { DockerEngine } from './docker-engine'
import { statusOf } from './docker-errors'
import { LABEL, containerName, isOwn } from './docker-spec'
import { inspected, runStatusOf } from './docker-status'
import type { Inspected } from './docker-status'

/** Whose containers and volumes are this node's own. */
export interface DockerOwner {
  nodeId: string
  /** The network of the node's brain; null while that is not known. */
  network: () => string | null
}

/** Finds this node's containers: by name, which is quick, else by label, which a rename does not change. */
export class DockerContainers {
  readonly engine: DockerEngine
  private readonly owner: DockerOwner

  constructor(engine: DockerEngine, owner: DockerOwner) {
    this.engine = engine
    this.owner = owner
  }

  get(id: string) {
    return this.engine.docker.getContainer(id)
  }

  async find(instanceId: string): Promise<Inspected | null> {
    const named = await this.inspect(containerName(instanceId))
    if (named && this.isOwn(named, instanceId)) return named
    for (const id of await this.ids(`${LABEL.node}=${this.owner.nodeId}`, `${LABEL.instance}=${instanceId}`)) {
      const labelled = await this.inspect(id)
      if (labelled && this.isOwn(labelled, instanceId)) return labelled
    }
    return null
  }

  /** The container of exactly this run, if it lives. */
  async findRunning(run: RunRef): Promise<Inspected | null> {
    const container = await this.find(run.instanceId)
    const status = container && runStatusOf(container)
    return status?.runId === run.runId && (status.state === 'running' || status.state === 'paused') ? container : null
  }

  async all(): Promise<Inspected[]> {
    const found: Inspected[] = []
    for (const id of await this.ids(`${LABEL.node}=${this.owner.nodeId}`)) {
      const container = await this.inspect(id)
      const instanceId = container?.Config.Labels?.[LABEL.instance] ?? ''
      if (container && this.isOwn(container, instanceId)) found.push(container)
    }
    return found
  }

  /** Kills and removes whatever container the instance has, with its anonymous volumes. None: nothing happens. */
  async remove(instanceId: string): Promise<void> {
    const name = containerName(instanceId)
    for (let found = await this.find(instanceId); found; found = await this.find(instanceId)) {
      const container = this.get(found.Id)
      const isGone = await done(() =>
        this.engine.call(`remove ${name}`, () => container.remove({ force: true, v: true }), [404, 409]),
      )
      // 409: somebody else is removing it right now.
      if (isGone) continue
      await done(() => this.engine.call('wait for a removal', () => container.wait({ condition: 'removed' }), [404]))
    }
  }

  /** False when nothing runs that could be signalled. */
  async signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    const found = await this.findRunning(run)
    if (!found) return false
    return done(() =>
      this.engine.call(`send ${signal} to ${found.Name}`, () => this.get(found.Id).kill({ signal }), [404, 409]),
    )
  }

  private async inspect(idOrName: string): Promise<Inspected | null> {
    try {
      const answer: unknown = await this.engine.call(
        'inspect a container',
        abortSignal => this.get(idOrName).inspect({ abortSignal } as object),
        [404],
      )
      return inspected.parse(answer)
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw error
    }
  }

  private async ids(...label: string[]): Promise<string[]> {
    const filters = { label }
    const found = await this.engine.call('list containers', abortSignal =>
      this.engine.docker.listContainers({ all: true, filters, abortSignal }),
    )
    return found.map(container => container.Id)
  }

  private isOwn(container: Inspected, instanceId: string): boolean {
    const { nodeId, network } = this.owner
    return isOwn(container.Config.Labels, { nodeId, network: network(), instanceId })
  }
}

/** True for done, false for the answers that mean that there was nothing to do it to. */
async function done(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request()
    return true
  } catch (error) {
    if (statusOf(error) === undefined) throw error
    return false
  }
}
