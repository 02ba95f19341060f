import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError, isAppError } from '../../shared/errors'
import type { RunUsage } from '../../shared/schemas/usage'
import { failpoint } from '../failpoint'
import type { StackMount } from '../prepare/port'
import { RunAlive } from './container-runtime'
import type {
  ContainerRuntime,
  EnsureImage,
  OutputLine,
  RunRef,
  RunSpec,
  RunStatus,
  RuntimeListener,
} from './container-runtime'
import { DockerContainers } from './docker-containers'
import { createProven } from './docker-create'
import { DockerEngine } from './docker-engine'
import type { ContainerEvent } from './docker-engine'
import { ensureImage } from './docker-images'
import { DockerInputs } from './docker-input'
import { readDockerOutput, sinceOf } from './docker-output'
import { LABEL, containerName, containerSettings, machineId } from './docker-spec'
import { startContainer } from './docker-start'
import { DockerMeter } from './docker-meter'
import { addressOf, publishedAddressOf, runStatusOf } from './docker-status'
import { findMarker, trialRun } from './docker-trial'
import { ensureVolume, removeVolumes } from './docker-volumes'

const ROOTLESS_NO_OVERLAY =
  'Docker runs without root here, and an overlay that it mounts could not hide folders of a layer. Files of layers are copied for each server instead, which takes longer and more room.'

export interface DockerRuntimeOptions {
  /** As in DOCKER_HOST. */
  address: string
  nodeId: string
  /** The id of the brain's network; null while the brain did not say. */
  network: () => string | null
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
  private readonly connection: DockerEngine
  private readonly containers: DockerContainers
  private readonly inputs: DockerInputs
  private readonly meter: DockerMeter
  private readonly options: DockerRuntimeOptions

  constructor(options: DockerRuntimeOptions) {
    this.options = options
    this.connection = new DockerEngine(options.address)
    this.containers = new DockerContainers(this.connection, options)
    this.inputs = new DockerInputs(this.connection)
    this.meter = new DockerMeter(this.containers)
  }

  async open(listener: RuntimeListener): Promise<void> {
    await this.connection.open(`${LABEL.node}=${this.options.nodeId}`, {
      event: event => this.heard(event, listener),
      changed: engine => listener.engineChanged(engine),
    })
  }

  async close(): Promise<void> {
    await this.inputs.close()
    await this.connection.close()
  }

  engine() {
    return this.connection.state()
  }

  ensureImage(image: string, options: EnsureImage) {
    return ensureImage(this.connection, image, options)
  }

  overlayObstacle(): string | null {
    return this.connection.isRootless() ? ROOTLESS_NO_OVERLAY : null
  }

  async tryMount(mount: StackMount, { image, marker }: { image: string; marker: string }): Promise<string | null> {
    const run = trialRun(this.options.nodeId, mount, image)
    await this.discard(run.instanceId)
    try {
      await this.create(run)
      return await findMarker(this.containers, run, marker)
    } catch (error) {
      if (isAppError(error) && (error.code === 'LAYOUT_FAILED' || error.code === 'START_FAILED')) return error.detail
      throw error
    } finally {
      await this.discard(run.instanceId)
    }
  }

  async create(run: RunSpec): Promise<void> {
    const { instanceId } = run
    const status = await this.look(instanceId)
    if (status?.runId === run.runId && status.state !== 'exited') return
    if (status?.state === 'running' || status?.state === 'paused') throw new RunAlive(instanceId, status.runId)
    if (status) await this.remove(instanceId)
    const { nodeId, owner } = this.options
    const network = this.options.network()
    if (run.mount.kind === 'volume') await ensureVolume(this.connection, { nodeId, network, instanceId }, run.mount)
    await failpoint('create.afterVolume')
    const machineIdFile = await this.writeMachineId(instanceId)
    const isRootless = this.connection.isRootless()
    const settings = containerSettings(run, { nodeId, network, owner, machineIdFile, isRootless })
    await createProven(this.containers, run, settings)
  }

  async start(run: RunSpec): Promise<{ startedAt: number }> {
    const container = await this.containers.find(run.instanceId)
    const status = container && runStatusOf(container)
    if (!container || status?.runId !== run.runId || status.state === 'exited') {
      throw new AppError('NOT_FOUND', `There is no container to start for run ${run.runId}; it was removed meanwhile.`)
    }
    if (status.state === 'created') await startContainer(this.containers, container, run.ports)
    const started = await this.look(run.instanceId)
    if (started?.startedAt) return { startedAt: started.startedAt }
    throw new AppError('ENGINE_ERROR', `Docker started ${containerName(run.instanceId)} and does not say when.`)
  }

  async look(instanceId: string): Promise<RunStatus | null> {
    const container = await this.containers.find(instanceId)
    return container && runStatusOf(container)
  }

  async list(): Promise<RunStatus[]> {
    return (await this.containers.all()).map(runStatusOf)
  }

  signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    return this.containers.signal(run, signal)
  }

  async input(run: RunRef, line: string): Promise<void> {
    const container = await this.containers.findRunning(run)
    if (!container) throw new AppError('INSTANCE_NOT_RUNNING', 'The server is not running; nobody reads its console.')
    await this.inputs.write(container.Id, line)
  }

  async *output(run: RunRef, position: string | null, signal: AbortSignal): AsyncIterable<OutputLine[]> {
    const found = await this.containers.find(run.instanceId)
    if (!found || runStatusOf(found).runId !== run.runId) return
    const since = position ? { since: sinceOf(position) } : {}
    const options = {
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      abortSignal: signal,
      ...since,
    } as const
    const container = this.containers.get(found.Id)
    const stream = await this.connection.call('read the log of a container', () => container.logs(options))
    yield* quietly(readDockerOutput(stream as Readable, position), signal)
  }

  usage(run: RunRef): Promise<RunUsage | null> {
    return this.meter.read(run)
  }

  async address(
    run: RunRef,
    containerPort: number,
  ): Promise<{ host: string; port: number; isProxied: boolean } | null> {
    const container = await this.containers.findRunning(run)
    if (!container) return null
    // The networks of a Docker without root are in a namespace that nobody else is in.
    if (this.connection.isRootless()) return publishedAddressOf(container, containerPort)
    const host = addressOf(container)
    return host ? { host, port: containerPort, isProxied: false } : null
  }

  remove(instanceId: string): Promise<void> {
    return this.containers.remove(instanceId)
  }

  async discard(instanceId: string): Promise<void> {
    await this.containers.remove(instanceId)
    const { nodeId } = this.options
    await removeVolumes(this.connection, { nodeId, network: this.options.network(), instanceId })
    await rm(this.machineIdPath(instanceId), { force: true })
  }

  private heard(event: ContainerEvent, listener: RuntimeListener): void {
    const { ID, Attributes } = event.Actor
    const instanceId = Attributes[LABEL.instance]
    if (!instanceId) return
    const isRenamed = event.Action === 'rename' && Attributes.name !== containerName(instanceId)
    if (isRenamed) void this.undoRename(ID, instanceId, listener)
    listener.changed(instanceId)
  }

  /** The name is the lock against a second container: it must stay where it belongs. */
  private async undoRename(containerId: string, instanceId: string, listener: RuntimeListener): Promise<void> {
    const name = containerName(instanceId)
    try {
      await this.connection.call(`rename a container back to ${name}`, () =>
        this.containers.get(containerId).rename({ name }),
      )
    } catch {
      // Taken, or the container is gone: it is found by its labels all the same, and looked at.
    } finally {
      listener.changed(instanceId)
    }
  }

  private machineIdPath(instanceId: string): string {
    return join(this.options.dataDir, 'machine-ids', instanceId)
  }

  private async writeMachineId(instanceId: string): Promise<string> {
    const path = this.machineIdPath(instanceId)
    await mkdir(join(this.options.dataDir, 'machine-ids'), { recursive: true })
    await writeFile(path, `${machineId(instanceId)}\n`, { mode: 0o444 })
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
