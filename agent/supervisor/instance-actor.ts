import { mayHaveProcess } from '../../shared/domain/instance-state'
import { AppError, isAppError } from '../../shared/errors'
import type { AgentToBrain, Observation } from '../../shared/protocol/agent'
import type { NodeSpecs } from '../../shared/schemas/node'
import { failpoint } from '../failpoint'
import type { AgentLog } from '../log'
import type { InstanceRecord, Notice, RecordStore } from '../record'
import type { Consoles } from '../runtime/console'
import type { ContainerRuntime, RegistryLogin, RunRef } from '../runtime/container-runtime'
import { acceptCommand } from './accept-command'
import type { Command } from './accept-command'
import { ConsoleFeed } from './console-feed'
import type { RestartPolicyNumbers } from './judge-exit'
import { nextStep } from './next-step'
import { observationOf } from './observation'
import type { PrepareContext } from './prepare-instance'
import type { RunAttendant } from './run-attendant'
import { STEPS } from './steps'

/** After a step that failed for no reason of its own. */
const RETRY_MS = 5_000

const ENDINGS: ReadonlySet<string> = new Set(['instance.stop', 'instance.kill', 'instance.destroy'])

/** Everything instances share. */
export interface SupervisorContext extends PrepareContext {
  store: RecordStore
  consoles: Consoles
  restart: RestartPolicyNumbers
  bootId: string
  /** Milliseconds that only go forward, whatever happens to the clock of the machine; comparable with stored times. */
  now: () => number
  devMode: () => boolean
  /** What a registry is told before it gives the image of an instance; null: nothing is known. Asked for each pull, and kept nowhere. */
  registryLogin: (instanceId: string, registry: string) => Promise<RegistryLogin | null>
  news: AgentNews
  log: AgentLog
}

/** What the brain is told; whether anybody listens is not the supervisor's matter. */
export interface AgentNews {
  observed(observation: Observation): void
  progress(progress: AgentToBrain['instance.progress']): void
  console(lines: AgentToBrain['instance.console']): void
  stats(sample: AgentToBrain['instance.stats']): void
}

/**
 * One instance: its record, and whoever acts on it. Everything happens one after the other in its own queue; only accepting a command and
 * a kill do not wait for it.
 */
export class InstanceActor {
  readonly record: InstanceRecord
  readonly context: SupervisorContext
  readonly feed: ConsoleFeed
  attendant: RunAttendant | null = null
  /** The prepare that is under way. */
  job: AbortController | null = null
  isLookDue = true
  isWatched = false
  wasAsked = false
  isClosed = false
  /** False while the record counts in memory alone. */
  isWritten = true
  private queue: Promise<void> = Promise.resolve()
  private isDriveQueued = false
  private retryAt = 0
  private timer: NodeJS.Timeout | undefined

  constructor(record: InstanceRecord, context: SupervisorContext) {
    this.record = record
    this.context = context
    this.feed = new ConsoleFeed(record.instanceId, message => context.news.console(message))
  }

  /** The runtime that the instance lives in, or would. */
  get runtime(): ContainerRuntime {
    return this.context.runtimes[this.record.home?.runtime ?? this.context.runtime]
  }

  get ref(): RunRef {
    return { instanceId: this.record.instanceId, runId: this.record.runId ?? '' }
  }

  /**
   * Accepts a command: resolves when it is written down; it is carried out afterwards. A command that changes nothing is answered
   * with the last observation, so that a brain that missed it learns what is true. On a full disk what ends a server is
   * taken from memory: it is how room is made, and the brain says it again to the next agent.
   */
  async accept(command: Command): Promise<void> {
    const before = { ...this.record }
    const change = acceptCommand(this.record, command)
    if (change.state) change.seq = this.nextSeq()
    Object.assign(this.record, change)
    // Before it is written down: a prepare that ends meanwhile must not pass for what is wanted now.
    const isReplaced = change.prepareDue || change.wanted === 'destroyed'
    if (isReplaced || (change.wanted === 'stopped' && this.record.state === 'PREPARING'))
      this.job?.abort(new AppError('CONFLICT', 'A newer wish replaced this one.'))
    try {
      await this.written()
    } catch (error) {
      if (!ENDINGS.has(command.name)) {
        this.takeBack(change, before)
        throw error
      }
      this.context.log.error(
        { err: error, instanceId: this.record.instanceId },
        'A command that ends a server could not be written down; it is carried out from memory',
      )
    }
    const { commandId, generation, instanceId } = command
    this.context.log.info({ commandId, command: command.name, instanceId, generation }, 'A command was accepted')
    await failpoint('command.afterAccept')
    if (change.state || !change.wanted) this.context.news.observed(observationOf(this.record))
    if (command.name === 'instance.kill' && this.record.run) this.killNow()
    this.retryAt = 0
    this.wake()
  }

  /** Something may have happened: look, and do what follows. */
  look(): void {
    this.isLookDue = true
    this.wake()
  }

  engineChanged(engine: NodeSpecs['engine']): void {
    this.retryAt = 0
    if (engine.available) return this.look()
    void this.enqueue(async () => {
      if (!this.record.run) return
      const reason = {
        code: 'ENGINE_UNAVAILABLE',
        message: `${engine.message ?? 'Docker does not answer.'} What became of the server is not known until it does.`,
      }
      await this.tell({ run: { ...this.record.run, sawOutage: true }, reason, cause: 'engine' })
    })
  }

  /** Whatever runs, or would, is wanted stopped; false when there is nothing of the kind. Written down with the first step. */
  stopWanted(): boolean {
    if (!mayHaveProcess(this.record.state)) return false
    this.record.wanted = 'stopped'
    return true
  }

  setWatched(isWatched: boolean): void {
    this.isWatched = isWatched
    if (!isWatched) this.feed.clear()
    this.attendant?.watch(isWatched)
  }

  wake(): void {
    if (this.isDriveQueued || this.isClosed) return
    this.isDriveQueued = true
    void this.enqueue(() => this.drive())
  }

  /** Lets go of everything; what runs, runs on. Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.timer)
    this.feed.clear()
    this.job?.abort(new AppError('CONFLICT', 'The agent is being stopped.'))
    await this.attendant?.leave()
    await this.queue
  }

  /** Resolves when everything asked for so far is done. */
  async settled(): Promise<void> {
    for (let queue: Promise<void> | undefined; queue !== this.queue;) {
      queue = this.queue
      await queue
    }
  }

  /** Does something in the instance's turn. */
  enqueue(task: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(async () => {
      if (this.isClosed) return
      try {
        await task()
      } catch (error) {
        this.context.log.error(
          { err: error, instanceId: this.record.instanceId },
          'A step of a server failed unexpectedly',
        )
      }
    })
    return this.queue
  }

  /** Changes the record and writes it down. A disk that is full must not stop supervising: the change then counts in memory. */
  async change(change: Partial<InstanceRecord>): Promise<void> {
    Object.assign(this.record, change)
    try {
      await this.written()
    } catch (error) {
      this.context.log.error(
        { err: error, instanceId: this.record.instanceId },
        'The record of a server could not be written; the agent goes on from memory',
      )
    }
  }

  /** The record as it is now is on disk when this resolves; DISK_FULL and the like when it cannot be. */
  async written(): Promise<void> {
    this.isWritten = false
    await this.context.store.save(this.record)
    this.isWritten = true
  }

  /** What is wanted after something ended; a wish to destroy that came meanwhile stands. */
  wantedAfter(wanted: InstanceRecord['wanted']): InstanceRecord['wanted'] {
    return this.record.wanted === 'destroyed' ? 'destroyed' : wanted
  }

  /** A change that the brain hears of. */
  async tell(change: Partial<InstanceRecord>): Promise<void> {
    await this.change({ ...change, seq: this.nextSeq() })
    this.logState()
    await failpoint('report.beforeSend')
    this.context.news.observed(observationOf(this.record))
  }

  /** A crash is a warning, giving up an error. Codes alone: the words of a reason may repeat what a command was filled in with. */
  private logState(): void {
    const { instanceId, state, cause, generation, runId, reason, exit } = this.record
    const facts = {
      instanceId,
      state,
      cause,
      generation,
      runId,
      reason: reason?.code ?? null,
      exitCode: exit?.code ?? null,
    }
    const level = state === 'FAILED' ? 'error' : cause === 'exit.crash' ? 'warn' : 'info'
    this.context.log[level](facts, `The server is ${state}`)
  }

  /** Says why things are as they are, once. */
  async note(reason: Notice | null, cause: string): Promise<void> {
    if (this.record.reason?.code === reason?.code && this.record.reason?.message === reason?.message) return
    await this.tell({ reason, cause, actor: 'system' })
  }

  /** Numbers grow also when the records of a node were lost: they begin at the time. */
  private nextSeq(): number {
    return Math.max(this.record.seq + 1, Date.now())
  }

  private async drive(): Promise<void> {
    this.isDriveQueued = false
    clearTimeout(this.timer)
    while (!this.isClosed) {
      const now = this.context.now()
      const step =
        now < this.retryAt
          ? ({ kind: 'rest', until: this.retryAt } as const)
          : nextStep(this.record, { ...this.moment(), now })
      if (step.kind === 'rest') return this.rest(step.until)
      try {
        await STEPS[step.kind](this)
      } catch (error) {
        await this.stumbled(step.kind, error)
      }
    }
  }

  private moment() {
    return { isLookDue: this.isLookDue, isPreparing: this.job !== null, wasAsked: this.wasAsked }
  }

  private rest(until: number | null): void {
    if (until === null) return
    this.timer = setTimeout(() => this.wake(), Math.max(0, until - this.context.now()) + 1)
  }

  /** Undoes a change that was not accepted, but for what something else decided meanwhile. */
  private takeBack(change: Partial<InstanceRecord>, before: InstanceRecord): void {
    for (const key of Object.keys(change) as (keyof InstanceRecord)[])
      if (this.record[key] === change[key]) Object.assign(this.record, { [key]: before[key] })
  }

  /** A step could not be done now, for a reason outside: said, and tried again. */
  private async stumbled(step: string, error: unknown): Promise<void> {
    this.retryAt = this.context.now() + RETRY_MS
    const { instanceId } = this.record
    // What is given back late is the node's matter: why the server ended is the better thing to say of it.
    if (step === 'clean')
      return this.context.log.warn(
        { err: error, instanceId },
        'Something of a server that ended could not be given back; it is tried again',
      )
    const detail = isAppError(error) ? error.detail : String(error)
    if (isAppError(error) && error.code === 'ENGINE_UNAVAILABLE')
      return this.note({ code: error.code, message: detail }, 'engine')
    this.context.log.error({ err: error, instanceId, step }, 'A step of a server failed; it is tried again')
    const code = step === 'destroy' ? 'DESTROY_FAILED' : isAppError(error) ? error.code : 'INTERNAL'
    await this.note({ code, message: `${detail} It is tried again every ${RETRY_MS / 1_000} s.` }, 'error')
  }

  /** Does not wait for its turn: the queue may be held by what the kill is to end. */
  private killNow(): void {
    this.runtime.signal(this.ref, 'SIGKILL').catch((error: unknown) => {
      this.context.log.warn(
        { err: error, instanceId: this.record.instanceId },
        'A kill could not be sent at once; it is sent again in turn',
      )
    })
  }
}
