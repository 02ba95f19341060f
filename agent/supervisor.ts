import { setTimeout as delay } from 'node:timers/promises'
import { POLICY } from '../shared/domain/policy'
import { mayHaveProcess } from '../shared/domain/instance-state'
import { AppError } from '../shared/errors'
import type { z } from 'zod'
import type { BrainToAgent, DescribeAnswer, Observation, logsAnswer } from '../shared/protocol/agent'
import type { NodeSpecs, RuntimeKind } from '../shared/schemas/node'
import type { MeteredInstance } from './stats/node-meter'
import { withinClock } from './supervisor/within-clock'
import { newRecord } from './supervisor/accept-command'
import type { Command } from './supervisor/accept-command'
import { InstanceActor } from './supervisor/instance-actor'
import type { SupervisorContext } from './supervisor/instance-actor'
import { nothingLeft, observationOf } from './supervisor/observation'

type LogsAnswer = z.output<typeof logsAnswer>

const FIRST_LOOK_LIMIT_MS = 5_000

/** What somebody who begins to watch sees at once. */
const WATCH_TAIL = 200

/**
 * Supervises every instance of the node: accepts commands, notices what happens, starts again what crashed. Needs no brain: what is
 * wanted is written down.
 */
export class Supervisor {
  private readonly context: SupervisorContext
  private readonly actors = new Map<string, InstanceActor>()
  private looking: NodeJS.Timeout | undefined

  constructor(context: SupervisorContext) {
    this.context = context
  }

  /**
   * Takes up what the agent before left: adopts what runs, goes on with what was under way. Resolves when every
   * instance was looked at once, or after some seconds: one that hangs must not keep the others from the brain.
   *
   * @param options `andStop`: every server that runs, or would be started, is stopped instead; nothing else is taken up
   */
  async resume({ andStop = false } = {}): Promise<void> {
    await this.context.store.sweep()
    const { records, broken } = await this.context.store.load()
    for (const { file, error } of broken)
      this.context.log.error(
        { err: error, file },
        'A record cannot be read; its server is left alone until the brain prepares it anew',
      )
    for (const record of records) {
      // Told and not yet forgotten when the agent before died.
      if (record.state === 'DESTROYED') await this.context.store.remove(record.instanceId)
      else this.actors.set(record.instanceId, new InstanceActor(withinClock(record, this.context), this.context))
    }
    const held = records
      .filter(record => record.prepared && !['STOPPED', 'FAILED', 'DESTROYED'].includes(record.state))
      .map(record => record.instanceId)
    const { unknown } = await this.context.preparer.reconcile({ known: [...this.actors.keys()], held })
    if (unknown.length > 0)
      this.context.log.warn({ instances: unknown }, 'There are files of servers without a record; they are left alone')
    const runtimes = Object.values(this.context.runtimes)
    await Promise.all(
      runtimes.map(runtime =>
        runtime.open({
          changed: id => this.actors.get(id)?.look(),
          engineChanged: engine => this.engineChanged(runtime.kind, engine),
        }),
      ),
    )
    for (const runtime of runtimes) if (!runtime.engine().available) this.engineChanged(runtime.kind, runtime.engine())
    await this.tellStrangers()
    for (const actor of this.actors.values()) {
      if (andStop && !actor.stopWanted()) continue
      actor.wake()
    }
    const looked = Promise.all([...this.actors.values()].map(actor => actor.settled()))
    await Promise.race([looked, delay(FIRST_LOOK_LIMIT_MS, undefined, { ref: false })])
    this.looking = setInterval(() => this.lookAtAll(), POLICY.engine.lookMs)
  }

  /** Lets go of everything; servers run on. */
  async close(): Promise<void> {
    clearInterval(this.looking)
    await Promise.all([...this.actors.values()].map(actor => actor.close()))
    await Promise.all(Object.values(this.context.runtimes).map(runtime => runtime.close()))
  }

  /** The whole truth: every instance that the node holds. */
  report(): (Observation & { name: string })[] {
    return this.held().map(({ record }) => ({ ...observationOf(record), name: record.spec.name }))
  }

  /** All that is known of one instance, secrets in clear as they came. NOT_FOUND for one that the node does not hold. */
  describe(instanceId: string): DescribeAnswer {
    const { record } = this.get(instanceId)
    return { spec: record.spec, generation: record.generation, observation: observationOf(record) }
  }

  /**
   * Accepts one lifecycle command. Resolves when it is written down. STALE_COMMAND, INVALID_TRANSITION, NOT_FOUND for an instance that
   * the node does not hold; destroying such a one is done at once, and told.
   */
  async accept(command: Command): Promise<void> {
    const actor = this.find(command.instanceId)
    if (actor) return actor.accept(command)
    if (command.name === 'instance.prepare') return this.take(command)
    if (command.name !== 'instance.destroy') throw unknownInstance(command.instanceId)
    await this.destroyUnknown(command)
  }

  async input({ instanceId, line }: BrainToAgent['instance.input']): Promise<void> {
    const actor = this.get(instanceId)
    if (!actor.record.run)
      throw new AppError('INSTANCE_NOT_RUNNING', 'The server is not running; nobody reads its console.')
    await actor.runtime.input(actor.ref, line)
  }

  /** Begins with the last lines, so that whoever watches sees something at once. */
  async watch(instanceId: string): Promise<void> {
    const actor = this.get(instanceId)
    const console = await this.context.consoles.find(instanceId)
    const tail = console ? await console.read(WATCH_TAIL) : { lines: [] }
    actor.setWatched(true)
    if (console) actor.feed.push(console.runId, tail.lines)
    actor.feed.flush()
  }

  unwatch(instanceId: string): void {
    this.actors.get(instanceId)?.setWatched(false)
  }

  unwatchAll(): void {
    for (const actor of this.actors.values()) actor.setWatched(false)
  }

  /** Every instance that is held, with its run while that may live. */
  metered(): MeteredInstance[] {
    return this.held().map(({ record, runtime, ref }) => ({
      instanceId: record.instanceId,
      run: record.run && mayHaveProcess(record.state) ? ref : null,
      runtime,
    }))
  }

  watchedCount(): number {
    return [...this.actors.values()].filter(actor => actor.isWatched).length
  }

  /** The last lines of a run, or of the newest one. */
  async logs({ instanceId, tail, runId }: BrainToAgent['instance.logs']): Promise<LogsAnswer> {
    this.get(instanceId)
    const console = await this.context.consoles.find(instanceId, runId)
    if (!console) return { runId: null, lines: [], truncated: false }
    const { lines, truncated } = await console.read(tail)
    return { runId: console.runId, lines: lines.map(line => line.text), truncated }
  }

  /** The servers that have a process now, or will have one by themselves, as far as is known. */
  running(): { instanceId: string; name: string; reason: string | null }[] {
    const alive = this.held().filter(({ record }) => mayHaveProcess(record.state))
    return alive.map(({ record }) => ({
      instanceId: record.instanceId,
      name: record.spec.name,
      reason: record.reason?.message ?? null,
    }))
  }

  private async take(command: Extract<Command, { name: 'instance.prepare' }>): Promise<void> {
    const actor = new InstanceActor(newRecord(command), this.context)
    this.actors.set(command.instanceId, actor)
    try {
      await actor.accept(command)
    } catch (error) {
      // Nothing was written down, so nothing was taken.
      if (this.actors.get(command.instanceId) === actor) this.actors.delete(command.instanceId)
      throw error
    }
  }

  /** A brain that was put back may want destroyed what is gone here; whatever is left under this name goes. */
  private async destroyUnknown(command: Extract<Command, { name: 'instance.destroy' }>): Promise<void> {
    const { instanceId, generation } = command
    for (const runtime of Object.values(this.context.runtimes)) {
      const { available, message } = runtime.engine()
      if (available) await runtime.discard(instanceId)
      else if (runtime.kind === this.context.runtime)
        throw new AppError(
          'ENGINE_UNAVAILABLE',
          `${message ?? 'Docker does not answer.'} Until it does it is not known whether anything of the server is left.`,
        )
    }
    await this.context.preparer.discard(instanceId)
    await this.context.consoles.remove(instanceId)
    // One that could not be read is still there.
    await this.context.store.remove(instanceId)
    this.context.news.observed(nothingLeft(instanceId, generation))
  }

  /** Runs under this node's name without a record: their files or records were lost. They are left alone. */
  private async tellStrangers(): Promise<void> {
    for (const runtime of Object.values(this.context.runtimes)) {
      if (!runtime.engine().available) continue
      const strangers = (await runtime.list()).filter(run => !this.actors.has(run.instanceId))
      if (strangers.length === 0) continue
      const instances = strangers.map(({ instanceId, state }) => ({ instanceId, state }))
      this.context.log.warn(
        { runtime: runtime.kind, instances },
        'There are servers of this node without a record; they are left alone',
      )
    }
  }

  private engineChanged(kind: RuntimeKind, engine: NodeSpecs['engine']): void {
    if (engine.available) this.context.log.info({ runtime: kind, version: engine.version }, 'The engine answers')
    else this.context.log.warn({ runtime: kind }, engine.message ?? 'The engine does not answer')
    for (const actor of this.actors.values()) if (actor.runtime.kind === kind) actor.engineChanged(engine)
  }

  private lookAtAll(): void {
    for (const actor of this.held()) actor.look()
  }

  private held(): InstanceActor[] {
    for (const [id, actor] of this.actors) if (actor.record.state === 'DESTROYED') this.actors.delete(id)
    return [...this.actors.values()]
  }

  private find(instanceId: string): InstanceActor | undefined {
    const actor = this.actors.get(instanceId)
    return actor?.record.state === 'DESTROYED' ? undefined : actor
  }

  private get(instanceId: string): InstanceActor {
    const actor = this.find(instanceId)
    if (!actor) throw unknownInstance(instanceId)
    return actor
  }
}

function unknownInstance(instanceId: string): AppError {
  return new AppError('NOT_FOUND', `This node does not hold the server ${instanceId}.`)
}
