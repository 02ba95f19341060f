import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { PortTaken } from './container-runtime'
import type { ContainerRuntime, OutputLine, RunPort, RunRef, RunSpec, RunStats, RunStatus, RuntimeListener } from './container-runtime'
import { DockerEngine } from './docker-engine'
import type { ContainerEvent } from './docker-engine'
import { engineWords, isUnrunnable, statusOf, takenPortIn } from './docker-errors'
import { ensureImage } from './docker-images'
import { DockerInputs } from './docker-input'
import { readDockerOutput, sinceOf } from './docker-output'
import { LABEL, containerName, containerSettings, machineId } from './docker-spec'
import { dockerStats, statsOf } from './docker-stats'
import { addressOf, inspected, runStatusOf } from './docker-status'
import type { Inspected } from './docker-status'
import { ensureVolume, removeVolumes } from './docker-volumes'
import { checkHostPorts } from './host-port'

export interface DockerRuntimeOptions {
  /** As in DOCKER_HOST. */
  address: string
  nodeId: string
  owner: { uid: number; gid: number }
  /** Holds `machine-ids/`. */
  dataDir: string
}

/**
 * Runs servers in containers of one Docker Engine. A container is one run: created for it, removed after it. Found by its labels, so
 * a rename by hand does not lose it (and is undone).
 */
export class DockerRuntime implements ContainerRuntime {
  readonly kind = 'docker'
  readonly layouts = ['overlay', 'copy'] as const
  readonly notice = null
  private readonly engineConnection: DockerEngine
  private readonly inputs: DockerInputs
  private readonly options: DockerRuntimeOptions

  constructor(options: DockerRuntimeOptions) {
    this.options = options
    this.engineConnection = new DockerEngine(options.address)
    this.inputs = new DockerInputs(this.engineConnection)
  }

  async open(listener: RuntimeListener): Promise<void> {
    await this.engineConnection.open(`${LABEL.node}=${this.options.nodeId}`, {
      event: event => this.heard(event, listener),
      changed: engine => listener.engineChanged(engine),
    })
  }

  async close(): Promise<void> {
    await this.inputs.close()
    await this.engineConnection.close()
  }

  engine() {
    return this.engineConnection.state()
  }

  ensureImage(image: string, options: Parameters<ContainerRuntime['ensureImage']>[1]): Promise<void> {
    return ensureImage(this.engineConnection, image, options)
  }

  async create(run: RunSpec): Promise<void> {
    const existing = await this.find(run.instanceId)
    if (existing) {
      const status = runStatusOf(existing)
      if (status.runId === run.runId && status.state !== 'exited') return
      if (status.state === 'running' || status.state === 'paused') {
        throw new AppError('CONFLICT', `Another run of this server (${status.runId}) is alive in container ${containerName(run.instanceId)}. Stop it first.`)
      }
      await this.remove(run.instanceId)
    }
    const { nodeId } = this.options
    if (run.mount.kind === 'volume') await ensureVolume(this.engineConnection, { nodeId, instanceId: run.instanceId }, run.mount)
    const machineIdFile = await this.writeMachineId(run.instanceId)
    const settings = containerSettings(run, { nodeId, owner: this.options.owner, machineIdFile })
    const id = await this.createContainer(run, settings)
    await this.proveMount(id, run)
  }

  async start(run: RunSpec): Promise<{ startedAt: number }> {
    const container = await this.find(run.instanceId)
    const status = container && runStatusOf(container)
    if (!container || status?.runId !== run.runId || status.state === 'exited') {
      throw new AppError('NOT_FOUND', `There is no container to start for run ${run.runId}; it was removed meanwhile.`)
    }
    if (status.state === 'created') await this.startContainer(container, run.ports)
    const started = await this.look(run.instanceId)
    if (!started?.startedAt) throw new AppError('ENGINE_ERROR', `Docker started ${containerName(run.instanceId)} and does not say when.`)
    return { startedAt: started.startedAt }
  }

  async look(instanceId: string): Promise<RunStatus | null> {
    const container = await this.find(instanceId)
    return container && runStatusOf(container)
  }

  async list(): Promise<RunStatus[]> {
    const runs: RunStatus[] = []
    for (const id of await this.containerIds(`${LABEL.node}=${this.options.nodeId}`)) {
      const container = await this.inspect(id)
      if (container) runs.push(runStatusOf(container))
    }
    return runs
  }

  async signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    const container = await this.findRunning(run)
    if (!container) return false
    return this.answered(() => this.engineConnection.call(`send ${signal} to ${container.Name}`, () => this.container(container.Id).kill({ signal }), [404, 409]))
  }

  async input(run: RunRef, line: string): Promise<void> {
    const container = await this.findRunning(run)
    if (!container) throw new AppError('INSTANCE_NOT_RUNNING', 'The server is not running; nobody reads its console.')
    await this.inputs.write(container.Id, line)
  }

  async *output(run: RunRef, position: string | null, signal: AbortSignal): AsyncIterable<OutputLine[]> {
    const container = await this.find(run.instanceId)
    if (!container || runStatusOf(container).runId !== run.runId) return
    const since = position ? { since: sinceOf(position) } : {}
    const options = { follow: true, stdout: true, stderr: true, timestamps: true, abortSignal: signal, ...since } as const
    const stream = await this.engineConnection.call('read the log of a container', () => this.container(container.Id).logs(options))
    yield* quietly(readDockerOutput(stream as Readable, position), signal)
  }

  async *stats(run: RunRef, signal: AbortSignal): AsyncIterable<RunStats> {
    const container = await this.findRunning(run)
    if (!container) return
    const options = { stream: true, abortSignal: signal } as { stream: true }
    const stream = await this.engineConnection.call('read the statistics of a container', () => this.container(container.Id).stats(options))
    const lines = createInterface({ input: stream as Readable })
    for await (const line of quietly(lines, signal)) {
      // A container that ended is told of with an empty sample.
      const sample = dockerStats.safeParse(JSON.parse(line))
      if (sample.success && sample.data.precpu_stats.system_cpu_usage) yield statsOf(sample.data, Date.now())
    }
  }

  async address(run: RunRef, containerPort: number): Promise<{ host: string; port: number } | null> {
    const container = await this.findRunning(run)
    const host = container && addressOf(container)
    return host ? { host, port: containerPort } : null
  }

  async remove(instanceId: string): Promise<void> {
    for (let container = await this.find(instanceId); container; container = await this.find(instanceId)) {
      const { Id } = container
      const gone = await this.answered(() =>
        this.engineConnection.call(`remove ${containerName(instanceId)}`, () => this.container(Id).remove({ force: true, v: true }), [404, 409]),
      )
      // 409: somebody else is removing it right now.
      if (!gone) await this.answered(() => this.engineConnection.call('wait for a removal', () => this.container(Id).wait({ condition: 'removed' }), [404]))
    }
  }

  async discard(instanceId: string): Promise<void> {
    await this.remove(instanceId)
    await removeVolumes(this.engineConnection, instanceId)
    await rm(this.machineIdPath(instanceId), { force: true })
  }

  private heard(event: ContainerEvent, listener: RuntimeListener): void {
    const instanceId = event.Actor.Attributes[LABEL.instance]
    if (!instanceId) return
    if (event.Action === 'rename' && event.Actor.Attributes.name !== containerName(instanceId)) void this.undoRename(event.Actor.ID, instanceId, listener)
    listener.changed(instanceId)
  }

  /** The name is the lock against a second container: it must stay where it belongs. */
  private async undoRename(containerId: string, instanceId: string, listener: RuntimeListener): Promise<void> {
    const name = containerName(instanceId)
    try {
      await this.engineConnection.call(`rename a container back to ${name}`, () => this.container(containerId).rename({ name }))
    } catch {
      // Taken, or the container is gone: it is found by its labels all the same, and looked at.
    } finally {
      listener.changed(instanceId)
    }
  }

  private async createContainer(run: RunSpec, settings: ReturnType<typeof containerSettings>): Promise<string> {
    const name = containerName(run.instanceId)
    try {
      const container = await this.engineConnection.call(`create the container ${name}`, () => this.engineConnection.docker.createContainer(settings), [400, 404, 409])
      return container.id
    } catch (error) {
      const words = engineWords(error)
      if (statusOf(error) === 404) throw new AppError('IMAGE_MISSING', `The image ${run.image} is not on the node: ${words}`, { cause: error })
      if (statusOf(error) === 409) {
        throw new AppError('CONFLICT', `A container named ${name} exists that this node did not make. Remove or rename it: docker rename ${name} …`, { cause: error })
      }
      if (statusOf(error) === 400) throw new AppError('START_FAILED', `Docker does not accept the settings of the server: ${words}`, { cause: error })
      throw error
    }
  }

  /** An archive call mounts everything the container mounts, as its start would. */
  private async proveMount(containerId: string, run: RunSpec): Promise<void> {
    const container = this.container(containerId)
    const path = { path: run.workdir }
    try {
      const answer: unknown = await this.engineConnection.call('mount the layers', () => container.infoArchive(path), [400, 404, 500])
      ;(answer as Readable).resume()
    } catch (error) {
      if (statusOf(error) === undefined) throw error
      // The answer to HEAD has no words; the same question by GET has.
      const words = await container.getArchive(path).then(stream => (stream as Readable).destroy() && 'no reason given', engineWords)
      await this.remove(run.instanceId)
      throw new AppError('LAYOUT_FAILED', `The layers could not be mounted at ${run.workdir}: ${words}`, { cause: error })
    }
  }

  private async startContainer(container: Inspected, ports: readonly RunPort[]): Promise<void> {
    await checkHostPorts(ports)
    try {
      await this.engineConnection.call(`start ${container.Name}`, () => this.container(container.Id).start(), [304, 400, 404, 409, 500])
    } catch (error) {
      const words = engineWords(error)
      const taken = takenPortIn(words, ports)
      if (statusOf(error) === 304) return
      if (taken?.host) throw new PortTaken({ protocol: taken.protocol, host: taken.host.port, name: taken.name }, error)
      if (/failed to mount local volume|error while mounting volume/i.test(words)) throw new AppError('LAYOUT_FAILED', `The layers could not be mounted: ${words}`, { cause: error })
      if (isUnrunnable(words)) throw new AppError('START_FAILED', `The server's program could not be run: ${words}`, { cause: error })
      if (statusOf(error) === 404) throw new AppError('NOT_FOUND', `The container went away while it was started: ${words}`, { cause: error })
      if (statusOf(error) === undefined) throw error
      throw new AppError('ENGINE_ERROR', `Docker was asked to start ${container.Name} and answered ${statusOf(error)}: ${words}`, { cause: error })
    }
  }

  private container(id: string) {
    return this.engineConnection.docker.getContainer(id)
  }

  private async find(instanceId: string): Promise<Inspected | null> {
    const named = await this.inspect(containerName(instanceId))
    if (named && this.isOwn(named, instanceId)) return named
    const [id] = await this.containerIds(`${LABEL.instance}=${instanceId}`)
    const labelled = id ? await this.inspect(id) : null
    return labelled && this.isOwn(labelled, instanceId) ? labelled : null
  }

  private async findRunning(run: RunRef): Promise<Inspected | null> {
    const container = await this.find(run.instanceId)
    const status = container && runStatusOf(container)
    return status?.runId === run.runId && (status.state === 'running' || status.state === 'paused') ? container : null
  }

  private isOwn(container: Inspected, instanceId: string): boolean {
    const labels = container.Config.Labels ?? {}
    return labels[LABEL.node] === this.options.nodeId && labels[LABEL.instance] === instanceId
  }

  private async inspect(idOrName: string): Promise<Inspected | null> {
    try {
      const answer: unknown = await this.engineConnection.call('inspect a container', abortSignal => this.container(idOrName).inspect({ abortSignal } as object), [404])
      return inspected.parse(answer)
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw error
    }
  }

  private async containerIds(label: string): Promise<string[]> {
    const filters = { label: [label] }
    const found = await this.engineConnection.call('list containers', abortSignal => this.engineConnection.docker.listContainers({ all: true, filters, abortSignal }))
    return found.map(container => container.Id)
  }

  /** True for done, false for the answers that mean that there was nothing to do it to. */
  private async answered(request: () => Promise<unknown>): Promise<boolean> {
    try {
      await request()
      return true
    } catch (error) {
      if (statusOf(error) === undefined) throw error
      return false
    }
  }

  private machineIdPath(instanceId: string): string {
    return join(this.options.dataDir, 'machine-ids', instanceId)
  }

  private async writeMachineId(instanceId: string): Promise<string> {
    const path = this.machineIdPath(instanceId)
    await mkdir(join(this.options.dataDir, 'machine-ids'), { recursive: true })
    await writeFile(path, `${machineId(instanceId)}\n`, { mode: 0o444, flag: 'w' })
    return path
  }
}

/** Ends instead of throwing when it was the caller who ended it. */
async function* quietly<Item>(source: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  try {
    yield* source
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
