import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chown, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AppError } from '../../shared/errors'
import type { RunUsage } from '../../shared/schemas/usage'
import { diskError } from '../disk-error'
import type { DiskReserve } from '../disk-reserve'
import { failpoint } from '../failpoint'
import { identify, isAlive } from '../process-identity'
import type { ProcessIdentity } from '../process-identity'
import { RunAlive } from './container-runtime'
import type { ContainerRuntime, OutputLine, RunRef, RunSpec, RunStatus, RuntimeListener } from './container-runtime'
import { checkHostPorts } from './host-port'
import { followFile } from './process-output'
import { ProcessRunFolders } from './process-run'
import type { ProcessRun } from './process-run'
import { spawnShim } from './process-spawn'
import { sendSignal, sessionMembers } from './process-table'
import { usageOfProcesses } from './process-usage'

const WATCH_MS = 500
/** SIGKILL takes a moment; a process in the middle of a disk access a little longer. */
const KILL_LIMIT_MS = 10_000

export interface ProcessRuntimeOptions {
  /** Holds `processes/`, a folder per instance. */
  dataDir: string
  owner: { uid: number; gid: number }
  /** Only root may give servers another user. */
  isRoot: boolean
  reserve?: DiskReserve
}

/**
 * Runs servers as plain processes of this machine, each in a session of its own. For machines without Docker, and for trying
 * things out.
 */
export class ProcessRuntime implements ContainerRuntime {
  readonly kind = 'process'
  readonly layouts = ['copy'] as const
  readonly notice =
    'This server runs as a plain process: nothing isolates it from this machine and from other servers, and no limit of memory, CPU or processes is enforced.'
  private readonly options: ProcessRuntimeOptions
  private readonly runs: ProcessRunFolders
  private watched = new Map<string, boolean>()
  private watchTimer: NodeJS.Timeout | undefined

  constructor(options: ProcessRuntimeOptions) {
    this.options = options
    this.runs = new ProcessRunFolders(join(options.dataDir, 'processes'), options.reserve)
  }

  async open(listener: RuntimeListener): Promise<void> {
    await mkdir(this.runs.root, { recursive: true })
    this.watchTimer = setInterval(() => void this.lookForEnds(listener), WATCH_MS)
  }

  async close(): Promise<void> {
    clearInterval(this.watchTimer)
  }

  engine() {
    return { available: true, version: null, message: null }
  }

  /** Servers run with what the machine has. */
  async ensureImage(): Promise<null> {
    return null
  }

  overlayObstacle(): string {
    return 'Servers that run as plain processes have no mounts of their own.'
  }

  async tryMount(): Promise<string> {
    return this.overlayObstacle()
  }

  async create(run: RunSpec): Promise<void> {
    const existing = await this.look(run.instanceId)
    if (existing?.runId === run.runId && existing.state !== 'exited') return
    if (existing?.state === 'running' || existing?.state === 'paused')
      throw new RunAlive(run.instanceId, existing.runId)
    if (run.mount.kind !== 'directory')
      throw new AppError('LAYOUT_FAILED', 'Without Docker nothing can be mounted; the copy layout is needed.')
    const directory = run.mount.path
    await access(directory).catch((error: unknown) => {
      throw new AppError('LAYOUT_FAILED', `The server's directory ${directory} is not there.`, { cause: error })
    })
    await this.remove(run.instanceId)
    const folder = this.runs.of(run.instanceId)
    await mkdir(folder, { recursive: true, mode: 0o755 })
    await promisify(execFile)('mkfifo', ['-m', '600', join(folder, 'input')])
    for (const name of ['output', 'exit']) await (await open(join(folder, name), 'a', 0o600)).close()
    if (this.options.isRoot)
      for (const name of ['input', 'output'])
        await chown(join(folder, name), this.options.owner.uid, this.options.owner.gid)
    const { instanceId, runId, generation, planHash } = run
    await this.runs.write({ instanceId, runId, generation, planHash, directory, identity: null, startedAt: null })
  }

  async start(run: RunSpec): Promise<{ startedAt: number }> {
    const known = await this.runs.read(run.instanceId)
    const status = known && (await this.statusOf(known))
    if (!known || status?.runId !== run.runId || status.state === 'exited')
      throw new AppError('NOT_FOUND', `Run ${run.runId} was not created, or is gone.`)
    if (status.startedAt !== null) return { startedAt: status.startedAt }
    await checkHostPorts(run.ports)
    const shim = await spawnShim({
      command: run.command,
      env: run.env,
      directory: known.directory,
      runFolder: this.runs.of(run.instanceId),
      binFolder: join(this.options.dataDir, 'bin'),
      shelter: this.shelter(run.instanceId),
      user: this.options.isRoot ? this.options.owner : null,
    })
    const identity = identify(shim.pid ?? 0)
    if (!identity) throw new AppError('START_FAILED', 'The shell that runs the server ended at once. Is /bin/sh there?')
    const startedAt = Date.now()
    const go = shim.stdio[4] as Duplex
    // A shell that was killed before it read this is found ended by the next look.
    go.on('error', () => {})
    shim.unref()
    await failpoint('process.afterSpawn')
    try {
      await this.runs.write({ ...known, identity, startedAt })
    } catch (error) {
      // Unknown to the next agent, it must not run: the shell ends when nobody can tell it to go on.
      go.destroy()
      throw diskError(error, 'writing down that a server runs')
    }
    await failpoint('process.beforeGo')
    this.watched.set(run.instanceId, true)
    go.end('go\n')
    return { startedAt }
  }

  async look(instanceId: string): Promise<RunStatus | null> {
    const run = await this.runs.read(instanceId)
    return run ? this.statusOf(run) : null
  }

  async list(): Promise<RunStatus[]> {
    const found = await Promise.all((await this.runs.instanceIds()).map(instanceId => this.look(instanceId)))
    return found.filter(run => run !== null)
  }

  async signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    const identity = await this.identityOf(run)
    if (!identity || !isAlive(identity)) return false
    if (signal !== 'SIGKILL') return sendSignal(-identity.pid, signal)
    return killSession(identity)
  }

  async input(run: RunRef, line: string): Promise<void> {
    const identity = await this.identityOf(run)
    if (!identity || !isAlive(identity))
      throw new AppError('INSTANCE_NOT_RUNNING', 'The server is not running; nobody reads its console.')
    const fifo = await open(join(this.runs.of(run.instanceId), 'input'), constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await fifo.write(`${line}\n`)
    } catch (error) {
      throw new AppError(
        'INSTANCE_NOT_RUNNING',
        'The server does not read its input, and what may wait there is full.',
        { cause: error },
      )
    } finally {
      await fifo.close()
    }
  }

  async *output(run: RunRef, position: string | null, signal: AbortSignal): AsyncIterable<OutputLine[]> {
    const known = await this.runs.read(run.instanceId)
    if (known?.runId !== run.runId) return
    const isRunning = () => known.identity !== null && isAlive(known.identity)
    yield* followFile(join(this.runs.of(run.instanceId), 'output'), position, isRunning, signal)
  }

  async usage(run: RunRef): Promise<RunUsage | null> {
    const identity = await this.identityOf(run)
    return identity && isAlive(identity) ? usageOfProcesses(sessionMembers(identity), Date.now()) : null
  }

  async address(
    _run: RunRef,
    containerPort: number,
  ): Promise<{ host: string; port: number; isProxied: boolean } | null> {
    return { host: '127.0.0.1', port: containerPort, isProxied: false }
  }

  async remove(instanceId: string): Promise<void> {
    const run = await this.runs.read(instanceId)
    const limit = Date.now() + KILL_LIMIT_MS
    while (run?.identity && killSession(run.identity)) {
      if (Date.now() > limit)
        throw new AppError(
          'ENGINE_ERROR',
          `Process ${run.identity.pid} of the server does not end although it was killed.`,
        )
      await delay(20)
    }
    this.watched.delete(instanceId)
    await this.runs.remove(instanceId)
    await rm(this.shelter(instanceId), { recursive: true, force: true })
  }

  discard(instanceId: string): Promise<void> {
    return this.remove(instanceId)
  }

  /** A folder that everybody may enter, for servers whose files lie where they may not. Gone with the run. */
  private shelter(instanceId: string): string {
    return join('/run/strata-agent', instanceId)
  }

  private async lookForEnds(listener: RuntimeListener): Promise<void> {
    for (const [instanceId, wasAlive] of this.watched) {
      // What cannot be read is looked at by the supervisor, which meets the same error and tells it.
      const run = await this.runs.read(instanceId).catch(() => null)
      const alive = Boolean(run?.identity && isAlive(run.identity))
      this.watched.set(instanceId, alive)
      if (wasAlive && !alive) listener.changed(instanceId)
    }
  }

  private async statusOf(run: ProcessRun): Promise<RunStatus> {
    const alive = run.identity !== null && isAlive(run.identity)
    if (alive) this.watched.set(run.instanceId, true)
    const isStopped =
      alive && run.identity !== null && sessionMembers(run.identity).some(member => member.state === 'T')
    const state = !run.identity ? 'created' : isStopped ? 'paused' : alive ? 'running' : 'exited'
    const { instanceId, runId, generation, planHash, startedAt } = run
    return {
      instanceId,
      runId,
      generation,
      planHash,
      startedAt,
      state,
      exit: state === 'exited' ? await this.runs.exitOf(run) : null,
    }
  }

  private async identityOf(run: RunRef) {
    const known = await this.runs.read(run.instanceId)
    return known?.runId === run.runId ? known.identity : null
  }
}

/** Kills what is left of a run; false when nothing is. */
function killSession(leader: ProcessIdentity): boolean {
  const members = sessionMembers(leader)
  for (const member of members) sendSignal(member.pid, 'SIGKILL')
  return members.length > 0
}
