import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants, existsSync, statSync } from 'node:fs'
import { access, chown, mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { identify, isAlive, processIdentity, readProcessStat } from '../process-identity'
import { writeFileAtomically } from '../write-file'
import type { ContainerRuntime, ExitInfo, OutputLine, RunRef, RunSpec, RunStats, RunStatus, RuntimeListener } from './container-runtime'
import { signalOfCode } from './docker-status'
import { checkHostPorts } from './host-port'
import { followFile } from './process-output'
import { blockedAt, reachableNodeFolder } from './process-reach'
import { SHIM } from './process-shim'
import { PAGE_BYTES, TICKS_PER_SECOND, sendSignal, sessionMembers } from './process-table'

const WATCH_MS = 500
const SAMPLE_MS = 2_000
/** SIGKILL takes a moment; a process in the middle of a disk access a little longer. */
const KILL_LIMIT_MS = 10_000

/** `run.json`: what is known of a run, also to the next agent. */
const processRun = z.object({
  instanceId: z.string(),
  runId: z.string(),
  generation: z.int(),
  planHash: z.string(),
  directory: z.string(),
  identity: processIdentity.nullable(),
  startedAt: z.int().nullable(),
})
type ProcessRun = z.output<typeof processRun>

export interface ProcessRuntimeOptions {
  /** Holds `processes/`, a folder per instance. */
  dataDir: string
  owner: { uid: number; gid: number }
  /** Only root may give servers another user. */
  isRoot: boolean
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
  private watched = new Map<string, boolean>()
  private watchTimer: NodeJS.Timeout | undefined

  constructor(options: ProcessRuntimeOptions) {
    this.options = options
  }

  async open(listener: RuntimeListener): Promise<void> {
    await mkdir(join(this.options.dataDir, 'processes'), { recursive: true })
    this.watchTimer = setInterval(() => void this.lookForEnds(listener), WATCH_MS)
  }

  async close(): Promise<void> {
    clearInterval(this.watchTimer)
  }

  engine() {
    return { available: true, version: null, message: null }
  }

  async ensureImage(): Promise<void> {
    // Servers run with what the machine has.
  }

  async create(run: RunSpec): Promise<void> {
    const existing = await this.look(run.instanceId)
    if (existing?.runId === run.runId && existing.state !== 'exited') return
    if (existing?.state === 'running') throw new AppError('CONFLICT', `Another run of this server (${existing.runId}) is alive. Stop it first.`)
    if (run.mount.kind !== 'directory') throw new AppError('LAYOUT_FAILED', 'Without Docker nothing can be mounted; the copy layout is needed.')
    const directory = run.mount.path
    await access(directory).catch((error: unknown) => {
      throw new AppError('LAYOUT_FAILED', `The server's directory ${directory} is not there.`, { cause: error })
    })
    await this.remove(run.instanceId)
    const folder = this.folder(run.instanceId)
    await mkdir(folder, { recursive: true, mode: 0o755 })
    await promisify(execFile)('mkfifo', ['-m', '600', join(folder, 'input')])
    for (const name of ['output', 'exit']) await (await open(join(folder, name), 'a', 0o600)).close()
    if (this.options.isRoot) for (const name of ['input', 'output']) await chown(join(folder, name), this.options.owner.uid, this.options.owner.gid)
    const { instanceId, runId, generation, planHash } = run
    await this.write({ instanceId, runId, generation, planHash, directory, identity: null, startedAt: null })
  }

  async start(run: RunSpec): Promise<{ startedAt: number }> {
    const known = await this.read(run.instanceId)
    const status = known && (await this.statusOf(known))
    if (!known || status?.runId !== run.runId || status.state === 'exited') throw new AppError('NOT_FOUND', `Run ${run.runId} was not created, or is gone.`)
    if (status.startedAt !== null) return { startedAt: status.startedAt }
    await checkHostPorts(run.ports)
    const env = await this.environment(run, known.directory)
    this.checkProgram(run.command[0], known.directory, env.PATH ?? '')
    const shim = await this.spawnShim(run, known.directory, env)
    const identity = identify(shim.pid ?? 0)
    if (!identity) throw new AppError('START_FAILED', 'The shell that runs the server ended at once. Is /bin/sh there?')
    const startedAt = Date.now()
    await this.write({ ...known, identity, startedAt })
    this.watched.set(run.instanceId, true)
    const go = shim.stdio[4]
    if (go && 'end' in go) go.end('go\n')
    shim.unref()
    return { startedAt }
  }

  async look(instanceId: string): Promise<RunStatus | null> {
    const run = await this.read(instanceId)
    return run ? this.statusOf(run) : null
  }

  async list(): Promise<RunStatus[]> {
    const names = await readdir(join(this.options.dataDir, 'processes'))
    const found = await Promise.all(names.map(name => this.look(name)))
    return found.filter(run => run !== null)
  }

  async signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean> {
    const identity = await this.identityOf(run)
    if (!identity || !isAlive(identity)) return false
    if (signal !== 'SIGKILL') return sendSignal(-identity.pid, signal)
    this.killSession(identity.pid)
    return true
  }

  async input(run: RunRef, line: string): Promise<void> {
    const identity = await this.identityOf(run)
    if (!identity || !isAlive(identity)) throw new AppError('INSTANCE_NOT_RUNNING', 'The server is not running; nobody reads its console.')
    const fifo = await open(join(this.folder(run.instanceId), 'input'), constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await fifo.write(`${line}\n`)
    } catch (error) {
      throw new AppError('INSTANCE_NOT_RUNNING', 'The server does not read its input, and what may wait there is full.', { cause: error })
    } finally {
      await fifo.close()
    }
  }

  async *output(run: RunRef, position: string | null, signal: AbortSignal): AsyncIterable<OutputLine[]> {
    const known = await this.read(run.instanceId)
    if (known?.runId !== run.runId) return
    const isRunning = () => known.identity !== null && isAlive(known.identity)
    yield* followFile(join(this.folder(run.instanceId), 'output'), position, isRunning, signal)
  }

  async *stats(run: RunRef, signal: AbortSignal): AsyncIterable<RunStats> {
    const identity = await this.identityOf(run)
    let before: { ticks: number; at: number } | undefined
    while (identity && isAlive(identity) && !signal.aborted) {
      const members = sessionMembers(identity.pid)
      const at = Date.now()
      const ticks = members.reduce((sum, member) => sum + member.userTicks + member.systemTicks, 0)
      const memoryBytes = members.reduce((sum, member) => sum + member.residentPages, 0) * PAGE_BYTES
      const passed = before ? ((at - before.at) / 1000) * TICKS_PER_SECOND : 0
      if (before && passed > 0) yield { at, cpu: Math.max(0, ticks - before.ticks) / passed, memoryBytes, networkRxBytes: null, networkTxBytes: null }
      before = { ticks, at }
      await delay(SAMPLE_MS, undefined, { signal }).catch(() => {})
    }
  }

  async address(_run: RunRef, containerPort: number): Promise<{ host: string; port: number } | null> {
    return { host: '127.0.0.1', port: containerPort }
  }

  async remove(instanceId: string): Promise<void> {
    const run = await this.read(instanceId)
    const session = run?.identity?.pid
    if (session) {
      const limit = Date.now() + KILL_LIMIT_MS
      while (this.killSession(session)) {
        if (Date.now() > limit) throw new AppError('ENGINE_ERROR', `Process ${session} of the server does not end although it was killed.`)
        await delay(20)
      }
    }
    this.watched.delete(instanceId)
    await rm(this.folder(instanceId), { recursive: true, force: true })
  }

  discard(instanceId: string): Promise<void> {
    return this.remove(instanceId)
  }

  /** Kills what is left of a session; false when nothing is. The pid of its leader is not given away while a member lives. */
  private killSession(session: number): boolean {
    const members = sessionMembers(session)
    for (const member of members) sendSignal(member.pid, 'SIGKILL')
    return members.length > 0
  }

  private async lookForEnds(listener: RuntimeListener): Promise<void> {
    for (const [instanceId, wasAlive] of this.watched) {
      const run = await this.read(instanceId)
      const alive = Boolean(run?.identity && isAlive(run.identity))
      this.watched.set(instanceId, alive)
      if (wasAlive && !alive) listener.changed(instanceId)
    }
  }

  private async statusOf(run: ProcessRun): Promise<RunStatus> {
    const alive = run.identity !== null && isAlive(run.identity)
    if (alive) this.watched.set(run.instanceId, true)
    const isStopped = alive && sessionMembers(run.identity?.pid ?? 0).some(member => member.state === 'T')
    const state = !run.identity ? 'created' : isStopped ? 'paused' : alive ? 'running' : 'exited'
    const { instanceId, runId, generation, planHash, startedAt } = run
    return { instanceId, runId, generation, planHash, startedAt, state, exit: state === 'exited' ? await this.exitOf(run) : null }
  }

  private async exitOf(run: ProcessRun): Promise<ExitInfo> {
    const path = join(this.folder(run.instanceId), 'exit')
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const written = /^(\d+)\n$/.exec(text)
    const at = Math.round(mtimeMs)
    if (written) return { code: Number(written[1]), signal: signalOfCode(Number(written[1])), outOfMemory: false, at }
    // Only SIGKILL ends the shell before it writes; after a restart of the machine nothing is known.
    const isSameBoot = identify(process.pid)?.bootId === run.identity?.bootId
    return isSameBoot ? { code: 137, signal: 'SIGKILL', outOfMemory: false, at: Date.now() } : { code: null, signal: null, outOfMemory: false, at: Date.now() }
  }

  /** Nothing of the agent's own environment: it holds the agent's secrets. */
  private async environment(run: RunSpec, directory: string): Promise<Record<string, string>> {
    const node = this.options.isRoot ? await reachableNodeFolder(this.options.owner, join(this.options.dataDir, 'bin')) : resolve(process.execPath, '..')
    return { PATH: [node, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter), HOME: directory, ...run.env }
  }

  private checkProgram(program: string | undefined, directory: string, path: string): void {
    if (!program) throw new AppError('START_FAILED', 'The layers name no command; without a container there is no image that could bring one.')
    const candidates = program.includes('/') ? [resolve(directory, program)] : path.split(delimiter).map(folder => join(folder, program))
    if (candidates.some(candidate => existsSync(candidate) && statSync(candidate).isFile())) return
    throw new AppError('START_FAILED', `The program ${program} is not on this machine (looked in ${candidates.join(', ')}). Install it, or run the server in Docker.`)
  }

  private async spawnShim(run: RunSpec, directory: string, env: Record<string, string>): Promise<ChildProcess> {
    const user = this.options.isRoot ? this.options.owner : {}
    if (this.options.isRoot) {
      const blocked = await blockedAt(directory, this.options.owner)
      if (blocked) {
        throw new AppError('START_FAILED', `User ${this.options.owner.uid}, as whom servers run, may not enter ${blocked}, and the server's files are below it. Set STRATA_NODE_DATA_DIR to a folder that others may enter, such as /var/lib/strata.`)
      }
    }
    const folder = this.folder(run.instanceId)
    // Read and write: the input then never ends, whoever writes to it comes and goes.
    const input = await open(join(folder, 'input'), 'r+')
    const output = await open(join(folder, 'output'), 'a')
    const exit = await open(join(folder, 'exit'), 'a')
    try {
      const child = spawn('/bin/sh', ['-c', SHIM, 'strata-run', ...run.command], {
        cwd: directory,
        env,
        detached: true,
        stdio: [input.fd, output.fd, output.fd, exit.fd, 'pipe'],
        ...user,
      })
      await new Promise<void>((done, failed) => {
        child.once('spawn', done)
        child.once('error', error => failed(new AppError('START_FAILED', `The server could not be started: ${error.message}`, { cause: error })))
      })
      return child
    } finally {
      await Promise.all([input.close(), output.close(), exit.close()])
    }
  }

  private async identityOf(run: RunRef) {
    const known = await this.read(run.instanceId)
    return known?.runId === run.runId ? known.identity : null
  }

  private folder(instanceId: string): string {
    return join(this.options.dataDir, 'processes', instanceId)
  }

  private async read(instanceId: string): Promise<ProcessRun | null> {
    const text = await readFile(join(this.folder(instanceId), 'run.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return text === null ? null : processRun.parse(JSON.parse(text))
  }

  private write(run: ProcessRun): Promise<void> {
    return writeFileAtomically(join(this.folder(run.instanceId), 'run.json'), JSON.stringify(run))
  }
}
