import { setTimeout as delay } from 'node:timers/promises'
import { POLICY } from '../../shared/domain/policy'
import type { AgentToBrain } from '../../shared/protocol/agent'
import type { Readiness } from '../../shared/schemas/runtime'
import type { RunUsage } from '../../shared/schemas/usage'
import type { RunConsole } from '../runtime/console'
import type { ContainerRuntime, RunRef } from '../runtime/container-runtime'
import type { NumberedLine } from '../runtime/flood-gate'
import { probeUntilReady } from '../runtime/readiness'

const AGAIN_MS = 1_000
const SETTLE_MS = 200
/** After a run ended its output ends soon; an engine that hangs in the middle of it must not hold back the news of the end. */
const SILENCE_LIMIT_MS = 3_000

export type RunSample = Omit<AgentToBrain['instance.stats'], 'instanceId'>

export interface AttendantEvents {
  lines(lines: readonly NumberedLine[]): void
  stats(sample: RunSample): void
  ready(): void
  /** The output came to its end: probably the run did. */
  outputEnded(): void
  warn(message: string, error: unknown): void
}

export interface AttendantContext {
  runtime: ContainerRuntime
  run: RunRef
  console: RunConsole
  ready: Readiness
  /** Where the server listens, for tcp and http. */
  readyPort: number | null
  events: AttendantEvents
}

/** Stands by one living run: reads its output, finds out when it is ready, measures it while somebody watches. */
export class RunAttendant {
  private readonly context: AttendantContext
  private readonly end = new AbortController()
  private readonly reading: Promise<void>
  /** Ends the wait before reading on. */
  private pause = new AbortController()
  private measuring: AbortController | null = null
  private isOver = false
  private heardAt = 0
  private isWaiting = false

  constructor(context: AttendantContext) {
    this.context = context
    this.reading = this.readOutput()
  }

  /**
   * Begins to wait for readiness; `ready` is called once. Without a condition that is at once. Lines that were written before
   * count, too.
   */
  awaitReady(): void {
    if (this.isWaiting) return
    this.isWaiting = true
    void this.findReadiness().catch((error: unknown) => this.context.events.warn('Waiting for readiness failed', error))
  }

  /** Starts or stops measuring. */
  watch(isWatched: boolean): void {
    if (isWatched === (this.measuring !== null)) return
    this.measuring?.abort()
    this.measuring = isWatched ? new AbortController() : null
    if (this.measuring) void this.measure(this.measuring.signal)
  }

  /** The run is known to have ended: resolves when all it wrote is kept, or when nothing came for three seconds. */
  async drain(): Promise<void> {
    this.isOver = true
    this.pause.abort()
    this.watch(false)
    this.heardAt = performance.now()
    const whole = this.reading.then(() => true)
    while (performance.now() - this.heardAt < SILENCE_LIMIT_MS) {
      if (await Promise.race([whole, delay(SETTLE_MS, false, { ref: false })])) break
    }
    await this.leave()
  }

  /** Lets go of the run; it lives on. */
  async leave(): Promise<void> {
    this.watch(false)
    this.end.abort()
    this.pause.abort()
    await this.reading
  }

  private async readOutput(): Promise<void> {
    const { runtime, run, console, events } = this.context
    while (!this.end.signal.aborted) {
      let isWhole = false
      const settling = setInterval(() => void this.settle(), SETTLE_MS)
      try {
        for await (const batch of runtime.output(run, console.position(), this.end.signal)) {
          // A flood is told of when it is over, and while lines come it is not.
          settling.refresh()
          this.heardAt = performance.now()
          this.heard(await console.write(batch))
          // Not of what was kept: the line may be among those that a flood lost.
          this.findReadyIn(batch)
        }
        isWhole = true
      } catch (error) {
        if (!this.end.signal.aborted)
          events.warn('Reading the output of a server broke off; it goes on from there', error)
      } finally {
        clearInterval(settling)
        await this.settle()
      }
      if (!this.isOver && !this.end.signal.aborted) {
        this.pause = new AbortController()
        events.outputEnded()
        await delay(AGAIN_MS, undefined, { signal: this.pause.signal }).catch(() => {})
      }
      if (this.isOver && isWhole) return
    }
  }

  private async settle(): Promise<void> {
    try {
      this.heard(await this.context.console.settle())
    } catch (error) {
      this.context.events.warn('The end of a flood of lines could not be written down', error)
    }
  }

  private heard(lines: readonly NumberedLine[]): void {
    if (lines.length === 0) return
    this.context.events.lines(lines)
  }

  private findReadyIn(lines: readonly { text: string }[]): void {
    const { log } = this.context.ready
    if (this.isWaiting && log && lines.some(line => line.text.includes(log))) this.foundReady()
  }

  private async findReadiness(): Promise<void> {
    const { ready, readyPort, runtime, run, console } = this.context
    if (ready.log) {
      this.findReadyIn((await console.read(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).lines)
    } else if ((ready.tcp || ready.http) && readyPort !== null) {
      const address = () => runtime.address(run, readyPort).catch(() => null) // away or gone: not ready, and told elsewhere
      if (await probeUntilReady(ready, address, this.end.signal)) this.foundReady()
    } else {
      this.foundReady()
    }
  }

  private foundReady(): void {
    if (!this.isWaiting || this.isOver || this.end.signal.aborted) return
    this.isWaiting = false
    this.context.events.ready()
  }

  private async measure(signal: AbortSignal): Promise<void> {
    const { runtime, run, events } = this.context
    const ended = AbortSignal.any([signal, this.end.signal])
    let before: RunUsage | null = null
    while (!ended.aborted) {
      try {
        const usage = await runtime.usage(run)
        if (before && usage && usage.at > before.at && !ended.aborted) events.stats(sampleOf(before, usage))
        before = usage
      } catch (error) {
        before = null
        events.warn('Measuring a server broke off', error)
      }
      // The first sample takes two readings; whoever opened the page waits for it.
      await delay(before ? POLICY.stats.watchedMs : AGAIN_MS, undefined, { signal: ended }).catch(() => {})
    }
  }
}

/** Load between two readings; totals go as they are. */
function sampleOf(before: RunUsage, { cpuSeconds, ...usage }: RunUsage): RunSample {
  return { ...usage, cpu: Math.max(0, cpuSeconds - before.cpuSeconds) / ((usage.at - before.at) / 1_000) }
}
