import { Agent } from 'node:http'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import Dockerode from 'dockerode'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'
import type { NodeSpecs } from '../../shared/schemas/node'
import { engineWords, statusOf } from './docker-errors'

/** dockerode takes a signal for these two as well; its types do not say so. */
interface Pingable {
  ping(options: { abortSignal: AbortSignal }): Promise<unknown>
  version(options: { abortSignal: AbortSignal }): Promise<unknown>
}

type EngineState = NodeSpecs['engine']

const containerEvent = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
})
export type ContainerEvent = z.output<typeof containerEvent>

export interface EngineListener {
  event(event: ContainerEvent): void
  /** Went away or came back. When it came back, events are flowing already. */
  changed(engine: EngineState): void
}

/**
 * The connection to one Docker Engine: knows whether it answers, hears its events, and gives every failure a
 * code. Comes back by itself when the engine does.
 */
export class DockerEngine {
  readonly docker: Dockerode
  private readonly address: string
  private readonly stopped = new AbortController()
  private current: EngineState
  private listener: EngineListener | undefined
  private loop: Promise<void> = Promise.resolve()
  private rootless = false

  /** @param address as in DOCKER_HOST; anything but a unix socket takes its TLS settings from the environment */
  constructor(address: string) {
    this.address = address
    // Without keep-alive every call tells whether the engine still takes calls: one that is shutting down does not, although old connections live on.
    this.docker = address.startsWith('unix://')
      ? new Dockerode({
          socketPath: address.slice('unix://'.length),
          agent: new Agent({ keepAlive: false }),
        } as Dockerode.DockerOptions)
      : new Dockerode()
    this.current = { available: false, version: null, message: `Docker was not asked yet at ${address}.` }
  }

  state(): EngineState {
    return this.current
  }

  /** Whether it runs without root, as it said last. */
  isRootless(): boolean {
    return this.rootless
  }

  /** Resolves after the first try. `filter` is a label that events must carry. */
  async open(filter: string, listener: EngineListener): Promise<void> {
    this.listener = listener
    const first = Promise.withResolvers<void>()
    this.loop = this.follow(filter, first.resolve)
    await first.promise
  }

  async close(): Promise<void> {
    this.stopped.abort()
    await this.loop
  }

  /**
   * One call to the engine, with a time limit. Answers with a status in `expected` are handed to the caller as they are;
   * others become ENGINE_ERROR, silence becomes ENGINE_UNAVAILABLE.
   *
   * @param doing what was asked, as in "create the container"
   */
  async call<Answer>(
    doing: string,
    request: (signal: AbortSignal) => Promise<Answer>,
    expected: readonly number[] = [],
    limitMs: number = POLICY.engine.callMs,
  ): Promise<Answer> {
    const limit = new AbortController()
    const overdue = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      limit.abort()
      overdue.reject(new Error('no answer in time'))
    }, limitMs)
    try {
      return await Promise.race([request(limit.signal), overdue.promise])
    } catch (error) {
      const status = statusOf(error)
      if (status !== undefined) {
        if (expected.includes(status)) throw error
        throw new AppError(
          'ENGINE_ERROR',
          `Docker was asked to ${doing} and answered ${status}: ${engineWords(error)}`,
          { cause: error },
        )
      }
      if (isAppError(error)) throw error
      if (limit.signal.aborted && (await this.answersPing())) {
        throw new AppError(
          'ENGINE_ERROR',
          `Docker was asked to ${doing} and gave no answer in ${limitMs / 1000} s, although it is alive. Look at its log.`,
          { cause: error },
        )
      }
      throw this.away(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** True when the engine takes a new connection and answers. */
  private async answersPing(): Promise<boolean> {
    try {
      await this.pingable.ping({ abortSignal: AbortSignal.timeout(POLICY.engine.pingMs) })
      return true
    } catch {
      return false // no answer is the answer
    }
  }

  private async follow(filter: string, looked: () => void): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const connection = new AbortController()
      try {
        const version = await this.readVersion()
        this.rootless = await this.readRootless()
        const events = await this.openEvents(filter, connection.signal)
        this.set({ available: true, version, message: null })
        looked()
        await Promise.race([this.readEvents(events), this.keepPinging(connection.signal)])
        throw new Error('the connection ended')
      } catch (error) {
        if (!this.stopped.signal.aborted) this.away(error)
      } finally {
        connection.abort()
        looked()
      }
      await delay(POLICY.engine.retryMs, undefined, { signal: this.stopped.signal }).catch(() => {})
    }
  }

  private get pingable(): Pingable {
    return this.docker
  }

  private async readVersion(): Promise<string> {
    const answer = await this.pingable.version({ abortSignal: AbortSignal.timeout(POLICY.engine.pingMs) })
    return z.object({ Version: z.string() }).parse(answer).Version
  }

  private async readRootless(): Promise<boolean> {
    const answer: unknown = await this.call('describe itself', () => this.docker.info(), [], POLICY.engine.pingMs)
    const { SecurityOptions } = z.object({ SecurityOptions: z.array(z.string()).nullish() }).parse(answer)
    const isRootless = SecurityOptions?.some(option => option.includes('name=rootless')) ?? false
    if (isRootless && process.getuid?.() === 0)
      throw new Error('it runs without root, and the agent as root: run the agent as the user that Docker runs as')
    return isRootless
  }

  private async openEvents(filter: string, signal: AbortSignal): Promise<Readable> {
    const filters = {
      type: ['container' as const],
      label: [filter],
      event: ['die', 'start', 'pause', 'unpause', 'rename', 'destroy', 'oom'],
    }
    const options = {
      filters,
      abortSignal: AbortSignal.any([signal, this.stopped.signal]),
    } as Dockerode.GetEventsOptions
    return (await this.docker.getEvents(options)) as Readable
  }

  private async readEvents(stream: Readable): Promise<void> {
    for await (const line of createInterface({ input: stream })) {
      if (!line.trim()) continue
      const event = containerEvent.safeParse(JSON.parse(line))
      if (event.success) this.listener?.event(event.data)
    }
  }

  /** Rejects when the engine falls silent although the connection stands: it hangs. */
  private async keepPinging(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(POLICY.engine.pingMs, undefined, { signal })
      await this.pingable.ping({ abortSignal: AbortSignal.any([signal, AbortSignal.timeout(POLICY.engine.pingMs)]) })
    }
  }

  private away(error: unknown): AppError {
    const message = `Docker does not answer at ${this.address} (${engineWords(error)}). Is it installed and running, and may this user use it?`
    this.set({ available: false, version: this.current.version, message })
    return new AppError('ENGINE_UNAVAILABLE', message, { cause: error })
  }

  private set(next: EngineState): void {
    const before = this.current
    this.current = next
    if (before.available !== next.available) this.listener?.changed(next)
  }
}
