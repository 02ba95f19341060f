import { setTimeout as delay } from 'node:timers/promises'
import { POLICY } from '../../shared/domain/policy'
import type { AgentToBrain } from '../../shared/protocol/agent'
import type { RunUsage } from '../../shared/schemas/usage'
import type { AgentLog } from '../log'
import type { Preparer } from '../prepare/port'
import type { ContainerRuntime, RunRef } from '../runtime/container-runtime'
import { OwnFilesMeter } from './own-files-meter'

type Measured = AgentToBrain['node.heartbeat']['instances'][number]

export interface MeteredInstance {
  instanceId: string
  run: RunRef | null
  runtime: Pick<ContainerRuntime, 'usage'>
}

export interface NodeMeterContext {
  instances: () => MeteredInstance[]
  preparer: Pick<Preparer, 'ownFiles'>
  log: AgentLog
}

/** The engine answers a few at a time as quickly as one; more would only wait there. */
const AT_ONCE = 4

/** Measures every server of the node now and then, whether or not somebody looks. What came of it goes with the next heartbeats. */
export class NodeMeter {
  private readonly context: NodeMeterContext
  private readonly ownFiles: OwnFilesMeter
  private readonly news = new Map<string, Measured>()
  private readonly end = new AbortController()
  private loops: Promise<unknown> = Promise.resolve()

  constructor(context: NodeMeterContext) {
    this.context = context
    this.ownFiles = new OwnFilesMeter(id => context.preparer.ownFiles(id), context.log)
  }

  open(): void {
    this.loops = Promise.all([
      this.repeat(() => this.measureRuns(), POLICY.stats.restFactor),
      this.repeat(() => this.countOwnFiles(), 1),
    ])
  }

  async close(): Promise<void> {
    this.end.abort()
    await this.loops
  }

  /** What was measured and not taken yet, as much as fits into one heartbeat. */
  take(): Measured[] {
    const taken = [...this.news.values()].slice(0, POLICY.stats.perHeartbeat)
    for (const { instanceId } of taken) this.news.delete(instanceId)
    return taken
  }

  /** Another brain may be listening: what does not change is told again. */
  tellAgain(): void {
    for (const instance of this.context.instances()) this.note(instance, null)
  }

  /** One round over everything that runs. */
  async measureRuns(): Promise<void> {
    const waiting = this.context.instances().filter(({ run }) => run !== null)
    const isTold = { once: false }
    const worker = async () => {
      for (let next = waiting.shift(); next && !this.end.signal.aborted; next = waiting.shift())
        await this.measure(next, isTold)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  async countOwnFiles(): Promise<void> {
    const instances = new Map(this.context.instances().map(instance => [instance.instanceId, instance]))
    const countable = [...instances.values()].map(({ instanceId, run }) => ({ instanceId, runId: run?.runId ?? null }))
    for (const id of await this.ownFiles.count(countable, this.end.signal)) this.note(instances.get(id)!, null)
  }

  private async measure(instance: MeteredInstance, isTold: { once: boolean }): Promise<void> {
    if (!instance.run) return
    try {
      const usage = await instance.runtime.usage(instance.run)
      if (usage) this.note(instance, usage)
    } catch (error) {
      const { instanceId } = instance
      // An engine that is away is away for all of them.
      if (!isTold.once) this.context.log.debug({ err: error, instanceId }, 'A server could not be measured')
      isTold.once = true
    }
  }

  private note({ instanceId, run }: MeteredInstance, usage: RunUsage | null): void {
    const before = this.news.get(instanceId)
    const runId = run?.runId ?? null
    const kept = before?.runId === runId ? before.usage : null
    this.news.set(instanceId, {
      instanceId,
      runId,
      usage: usage ?? kept,
      ownFiles: this.ownFiles.sizeOf(instanceId),
    })
  }

  private async repeat(round: () => Promise<void>, restFactor: number): Promise<void> {
    const { signal } = this.end
    while (!signal.aborted) {
      const begun = performance.now()
      try {
        await round()
      } catch (error) {
        this.context.log.error({ err: error }, 'A round of measuring failed; the next one follows')
      }
      const pauseMs = Math.max(POLICY.stats.sampleMs, (performance.now() - begun) * restFactor)
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }
}
