import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ERRORS, type ErrorCode } from '../../shared/errors'
import { mayHaveProcess } from '../../shared/domain/instance-state'
import { POLICY } from '../../shared/domain/policy'
import type { InstanceSpec, Observation } from '../../shared/protocol/agent'
import type { FakeBehaviour } from './fake-behaviour'

export interface FakeInstanceDeps {
  behaviour: FakeBehaviour
  /** Throws with a code when the brain refuses the address of a layer. */
  fetchLayers(spec: InstanceSpec): Promise<void>
  progress(generation: number, doneBytes: number, totalBytes: number): void
  observed(observation: Observation): void
  printed(): void
}

type Told = Pick<Observation, 'state' | 'cause'> & Partial<Observation>

/** One instance of a fake agent: goes through the states as a real one would, without doing anything. */
export class FakeInstance {
  observation: Observation
  spec: InstanceSpec | null = null
  readonly lines: string[] = []
  private work: Promise<void> = Promise.resolve()
  private life = new AbortController()
  /** What is being prepared is wanted stopped. */
  private isGivenUp = false

  constructor(
    readonly id: string,
    private readonly deps: FakeInstanceDeps,
  ) {
    this.observation = {
      instanceId: id,
      seq: 0,
      state: 'STOPPED',
      generation: 0,
      runId: null,
      cause: 'command',
      actor: 'system',
      reason: null,
      startedAt: null,
      exit: null,
      restarts: 0,
      runtime: 'docker',
      layout: 'overlay',
      planHash: null,
      takenPort: null,
      lastLines: [],
    }
  }

  prepare(generation: number, spec: InstanceSpec): void {
    this.isGivenUp = false
    this.then(async () => {
      this.spec = spec
      this.tell({ state: 'PREPARING', cause: 'command', generation, reason: null, exit: null })
      const totalBytes = spec.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
      try {
        if (this.deps.behaviour.failPrepare) throw Object.assign(new Error(), { code: this.deps.behaviour.failPrepare })
        await this.deps.fetchLayers(spec)
      } catch (error) {
        this.fail(codeOf(error) ?? 'PREPARE_FAILED')
        return
      }
      this.deps.progress(generation, totalBytes, totalBytes)
      await this.step()
      if (this.isGivenUp) return
      this.tell({ state: 'PREPARED', cause: 'command', planHash: `fake-${generation}` })
    })
  }

  start(): void {
    this.then(async () => {
      if (mayHaveProcess(this.observation.state)) return this.tell({ state: this.observation.state, cause: 'command' })
      this.tell({
        state: 'STARTING',
        cause: 'command',
        runId: randomUUID(),
        startedAt: Date.now(),
        restarts: 0,
        reason: null,
      })
      await this.boot()
    })
  }

  stop(cause = 'command'): void {
    this.isGivenUp = true
    this.then(async () => {
      if (this.observation.state === 'PREPARING') return this.tell({ state: 'STOPPED', cause })
      if (!mayHaveProcess(this.observation.state)) return this.tell({ state: this.observation.state, cause })
      this.endLife()
      this.tell({ state: 'STOPPING', cause })
      await this.step()
      this.tell({
        state: 'STOPPED',
        cause,
        startedAt: null,
        exit: { code: 0, signal: null, outOfMemory: false, at: Date.now() },
      })
    })
  }

  destroy(): void {
    this.then(async () => {
      this.endLife()
      this.tell({ state: 'DESTROYING', cause: 'command' })
      await this.step()
      this.tell({ state: 'DESTROYED', cause: 'command', runId: null, startedAt: null })
    })
  }

  /** The server dies by itself, as the restart policy of its layers then says. */
  crash(): void {
    this.then(async () => {
      if (!mayHaveProcess(this.observation.state)) return
      this.endLife()
      const restarts = this.observation.restarts + 1
      const exit = { code: this.deps.behaviour.exitCode, signal: null, outOfMemory: false, at: Date.now() }
      const lastLines = this.lines.slice(-20)
      if (this.spec?.runtime.restart.policy === 'never')
        return this.fail('CRASHED', { exit, lastLines, actor: 'server' })
      if (restarts > POLICY.restart.delaysMs.length)
        return this.fail('CRASH_LOOP', { exit, lastLines, restarts, actor: 'server' })
      this.tell({
        state: 'STARTING',
        cause: 'exit.crash',
        actor: 'server',
        exit,
        lastLines,
        restarts,
        startedAt: null,
        reason: {
          code: 'RESTART_DELAY',
          message: `Crashed with exit code ${exit.code}; starts again in ${this.deps.behaviour.restartDelayMs} ms.`,
        },
      })
      await delay(this.deps.behaviour.restartDelayMs, undefined, { ref: false })
      this.tell({ state: 'STARTING', cause: 'restart', runId: randomUUID(), startedAt: Date.now(), reason: null })
      await this.boot()
    })
  }

  print(...lines: string[]): void {
    this.lines.push(...lines)
    this.deps.printed()
  }

  /** Resolves when everything asked for so far is done. */
  settled(): Promise<void> {
    return this.work
  }

  /** No timer of this instance acts any more. */
  endLife(): void {
    this.life.abort()
    this.life = new AbortController()
  }

  private async boot(): Promise<void> {
    this.print(`Starting ${this.spec?.name ?? this.id}`)
    await this.step()
    this.print('Ready')
    this.tell({ state: 'RUNNING', cause: 'ready', actor: 'server' })
    if (this.deps.behaviour.crashAfterMs === null) return
    delay(this.deps.behaviour.crashAfterMs, undefined, { signal: this.life.signal, ref: false }).then(
      () => this.crash(),
      () => undefined,
    )
  }

  private fail(code: ErrorCode, more: Partial<Observation> = {}): void {
    this.tell({
      state: 'FAILED',
      cause: 'error',
      startedAt: null,
      ...more,
      reason: { code, message: `${ERRORS[code].title}, says the fake agent.` },
    })
  }

  private tell(change: Told): void {
    this.observation = {
      ...this.observation,
      takenPort: null,
      actor: 'system',
      ...change,
      seq: this.observation.seq + 1,
    }
    this.deps.observed(this.observation)
  }

  private step(): Promise<void> {
    return delay(this.deps.behaviour.stepMs, undefined, { ref: false })
  }

  private then(act: () => Promise<void> | void): void {
    this.work = this.work.then(act)
  }
}

function codeOf(error: unknown): ErrorCode | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined
}
