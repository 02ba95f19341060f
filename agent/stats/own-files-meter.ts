import { POLICY } from '../../shared/domain/policy'
import type { OwnFilesSize } from '../../shared/schemas/usage'
import type { AgentLog } from '../log'
import { readBaseline } from '../prepare/copy-baseline'
import type { OwnFilesPlace } from '../prepare/port'
import { OwnFilesCounter } from './own-files'

export interface CountableInstance {
  instanceId: string
  /** The run that may be writing; null when nothing runs. */
  runId: string | null
}

interface Counted {
  size: OwnFilesSize | null
  counter: OwnFilesCounter | null
  /** The run at the last count. Nothing changes while nothing runs: such an instance is counted once. */
  runId: string | null
  dueAt: number
}

/** Knows how much room own files take: one instance counted after the other, the more rarely the longer it takes. */
export class OwnFilesMeter {
  private readonly placeOf: (instanceId: string) => OwnFilesPlace | null
  private readonly log: AgentLog
  private readonly known = new Map<string, Counted>()

  constructor(placeOf: (instanceId: string) => OwnFilesPlace | null, log: AgentLog) {
    this.placeOf = placeOf
    this.log = log
  }

  sizeOf(instanceId: string): OwnFilesSize | null {
    return this.known.get(instanceId)?.size ?? null
  }

  /** Counts what is due, and tells which instances were counted. What is not among `instances` is forgotten. */
  async count(instances: readonly CountableInstance[], signal: AbortSignal): Promise<string[]> {
    const ids = new Set(instances.map(({ instanceId }) => instanceId))
    for (const id of this.known.keys()) if (!ids.has(id)) this.known.delete(id)
    const counted: string[] = []
    for (const instance of instances) {
      if (signal.aborted) break
      if (!this.isDue(instance)) continue
      await this.countOne(instance, signal)
      counted.push(instance.instanceId)
    }
    return counted
  }

  private isDue({ instanceId, runId }: CountableInstance): boolean {
    const known = this.known.get(instanceId)
    if (!known) return true
    if (runId !== known.runId) return true
    return runId !== null && performance.now() >= known.dueAt
  }

  private async countOne({ instanceId, runId }: CountableInstance, signal: AbortSignal): Promise<void> {
    const before = this.known.get(instanceId)
    const begun = performance.now()
    try {
      // Another run may stand on other layers.
      const counter = before?.runId === runId && before.counter ? before.counter : await this.open(instanceId)
      const size = counter && { ...(await counter.count(signal)), at: Date.now() }
      const tookMs = performance.now() - begun
      const pauseMs = Math.max(POLICY.stats.ownFilesMs, tookMs * POLICY.stats.ownFilesRestFactor)
      // Listings are of no use to one that is not counted again.
      this.known.set(instanceId, { size, counter: runId ? counter : null, runId, dueAt: performance.now() + pauseMs })
    } catch (error) {
      if (signal.aborted) return
      const dueAt = performance.now() + POLICY.stats.ownFilesMs * POLICY.stats.restFactor
      this.known.set(instanceId, { size: null, counter: null, runId, dueAt })
      this.log.warn(
        { err: error, instanceId },
        'The own files of a server could not be counted; their size is not known',
      )
    }
  }

  private async open(instanceId: string): Promise<OwnFilesCounter | null> {
    const place = this.placeOf(instanceId)
    if (!place) return null
    const laid = place.baselineFile ? (await readBaseline(place.baselineFile)).ours : new Map()
    return new OwnFilesCounter({ root: place.root, laid })
  }
}
