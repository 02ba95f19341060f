import { AppError } from '../../shared/errors'
import type { z } from 'zod'
import type { exitInfo } from '../../shared/protocol/agent'
import type { LayoutKind, NodeSpecs, RuntimeKind } from '../../shared/schemas/node'
import type { Resources } from '../../shared/schemas/runtime'
import type { RunUsage } from '../../shared/schemas/usage'
import type { StackMount } from '../prepare/port'

/**
 * What the supervisor needs of whatever runs servers. Two drivers, `docker` and `process`, one contract suite in
 * `tests/contracts/runtime.ts`. At most one run of an instance exists at a time, and it is found by instance id, so that an agent
 * that was killed finds again what it started.
 *
 * Every method throws ENGINE_UNAVAILABLE when the engine does not answer: then nothing is known, and the caller
 * must not conclude anything. ENGINE_ERROR is an answer that nobody expected.
 */
export interface ContainerRuntime {
  readonly kind: RuntimeKind
  readonly layouts: readonly LayoutKind[]
  /** A sentence that every operator must read before relying on this runtime; null when there is none. */
  readonly notice: string | null

  /** Begins to watch the engine. Resolves after the first look at it, whether or not it answered. */
  open(listener: RuntimeListener): Promise<void>
  /** Stops watching. Servers go on. */
  close(): Promise<void>
  /** From memory: what the last contact with the engine told. */
  engine(): NodeSpecs['engine']

  /**
   * Makes sure that the image is there: locally, else from its registry. IMAGE_MISSING says where it was looked for, DISK_FULL that
   * it found no room. A runtime without images resolves to null at once.
   */
  ensureImage(image: string, options: EnsureImage): Promise<{ reference: string; notice: string | null } | null>

  /** Why servers cannot have an overlay here, as far as is known without trying; null: try. */
  overlayObstacle(): string | null

  /** Tries a mount with a container of an image that is there, as `create` would, and leaves nothing behind. null when it works and shows `marker`. */
  tryMount(mount: StackMount, trial: { image: string; marker: string }): Promise<string | null>

  /**
   * Creates the next run of an instance on its mount and proves that the mount works; starts nothing. A run of the instance
   * that is not running is removed first; a running one is CONFLICT. Called again with the same run: nothing changes.
   * LAYOUT_FAILED with the engine's words when the mount does not work, IMAGE_MISSING when the image went meanwhile; then
   * nothing is left behind.
   */
  create(run: RunSpec): Promise<void>

  /**
   * Starts what was created. A run that is running already is left as it is. PortTaken when a host port is
   * taken, START_FAILED when the program cannot be run at all, NOT_FOUND when it was not created or is gone. Resolves with the
   * start time: the same one that `look` tells from then on.
   */
  start(run: RunSpec): Promise<{ startedAt: number }>

  /** What is known of the instance's run; null when there is none. */
  look(instanceId: string): Promise<RunStatus | null>
  /** All runs of this node. */
  list(): Promise<RunStatus[]>

  /** Sends a signal: SIGKILL ends the run and everything it started. False when nothing runs under this run id. */
  signal(run: RunRef, signal: NodeJS.Signals): Promise<boolean>

  /** Writes one line to the server's input, at most once. INSTANCE_NOT_RUNNING when there is nobody to read it. */
  input(run: RunRef, line: string): Promise<void>

  /**
   * What the run writes, in batches, from after `position` (null: from its beginning) until its output ends with the
   * run. Throws when the engine goes away in between: call again with the last position. An abort ends it quietly.
   */
  output(run: RunRef, position: string | null, signal: AbortSignal): AsyncIterable<OutputLine[]>

  /** What the run has used so far, read once and at once; null when it does not live. Totals that shrink began anew. */
  usage(run: RunRef): Promise<RunUsage | null>

  /**
   * Where the agent itself reaches a port of the running server; null: not known yet, or not at all. `isProxied`: somebody stands before
   * it who accepts a connection although the server does not, and then closes it.
   */
  address(run: RunRef, containerPort: number): Promise<{ host: string; port: number; isProxied: boolean } | null>

  /** Kills and removes the run of an instance, if any, with all that belongs to the run alone. Exit code and flags are gone then. */
  remove(instanceId: string): Promise<void>

  /** `remove`, and everything that outlives a run: volumes. The instance's directories are the preparer's. */
  discard(instanceId: string): Promise<void>
}

/** What a registry wants to know before it gives an image. */
export interface RegistryLogin {
  username: string
  password: string
}

export interface EnsureImage {
  onProgress: (doneBytes: number, totalBytes: number | null) => void
  /** Something is waited for; null: no more. */
  onWait: (reason: { code: string; message: string } | null) => void
  signal: AbortSignal
  /** Ask the registry what the name means now, although the image is there. Where it cannot be asked, the one there is taken, and said. */
  fresh: boolean
  /** A registry that is away is asked again. */
  isPatient: boolean
  /** By the registry's name as it stands in the image's; null: without. */
  credentials: (registry: string) => Promise<RegistryLogin | null>
}

export interface RuntimeListener {
  /** Something may have happened to this instance: look. Spurious calls are allowed; the supervisor looks now and then by itself. */
  changed(instanceId: string): void
  /** The engine went away, or came back: then look at everything. */
  engineChanged(engine: NodeSpecs['engine']): void
}

export interface RunRef {
  instanceId: string
  runId: string
}

/** One run, from typed fields only. */
export interface RunSpec extends RunRef {
  generation: number
  planHash: string
  mount: StackMount
  image: string
  /** Empty: what the image says. */
  command: readonly string[]
  /** Where the stack is mounted, and the working directory. */
  workdir: string
  env: Readonly<Record<string, string>>
  ports: readonly RunPort[]
  resources: Resources
  stopSignal: NodeJS.Signals
  stopGraceSeconds: number
}

export interface RunPort {
  name: string
  protocol: 'tcp' | 'udp'
  /** Where the server listens. */
  container: number
  /** Where it is reached from outside: one port on one or more addresses of the machine; null when it is not. */
  host: { addresses: readonly string[]; port: number } | null
}

export type ExitInfo = z.output<typeof exitInfo>

export interface RunStatus extends RunRef {
  generation: number
  planHash: string
  state: 'created' | 'running' | 'paused' | 'exited'
  startedAt: number | null
  /** Set when exited. */
  exit: ExitInfo | null
}

export interface OutputLine {
  /** Opaque; grows along the output of one run. Never holds white space. */
  position: string
  text: string
  /** When it was written, ms; null when that is not known because it was written before anybody read. */
  at: number | null
}

/** The instance has a run that lives and that its record does not know, as after a record was lost. It is left alone. */
export class RunAlive extends AppError {
  constructor(instanceId: string, runId: string) {
    super(
      'CONFLICT',
      `Another run of this server (${runId}) is alive on the node, and nothing was changed. Let it save and end it there (in Docker: docker stop strata-${instanceId}), then start again.`,
    )
  }
}

/** A host port that a run needs is taken. `name` is the port's name in the run. */
export class PortTaken extends AppError {
  readonly port: { protocol: 'tcp' | 'udp'; host: number; name: string }

  constructor(port: { protocol: 'tcp' | 'udp'; host: number; name: string }, cause?: unknown) {
    super(
      'PORT_TAKEN',
      `Port ${port.host}/${port.protocol} (${port.name}) is taken on the node by another program. Free it, or let Strata choose another port.`,
      { cause },
    )
    this.port = port
  }
}
