import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { z } from 'zod'
import { POLICY } from '../shared/domain/policy'
import { AppError } from '../shared/errors'
import type { ErrorCode } from '../shared/errors'
import { ERRORS } from '../shared/errors'
import { WELCOME, brainAck, layerUrlAnswer, registryLoginAnswer, welcome } from '../shared/protocol/agent'
import type {
  AgentAck,
  AgentHandshake,
  AgentToBrain,
  BrainAck,
  NodeReport,
  Observation,
  Welcome,
} from '../shared/protocol/agent'
import type { BrainTarget, BrainTargets } from './certificate/brain-targets'
import type { AgentLog } from './log'
import type { RegistryLogin } from './runtime/container-runtime'
import { fitReport } from './message-size'

/** What only a person can mend is tried again at this pace. */
const REFUSED_AGAIN_MS = 60_000

/** A brain that is busy or in trouble; until it has the report it asks nothing of this node. */
const REPORT_AGAIN_MS = 5_000

const refusal = z.object({ data: z.object({ code: z.string(), message: z.string() }) })

/** What the brain says when it does not let an agent in. */
export function readRefusal(error: Error): { code: string; message: string } {
  const told = refusal.safeParse(error)
  return told.success ? told.data.data : { code: 'HANDSHAKE_REFUSED', message: error.message }
}

export interface ConnectionContext {
  /** The ways to the brain, and which one is taken now. */
  targets: BrainTargets
  handshake: () => AgentHandshake
  /** Done before anything else is said or heard: who joined must keep its secret first. */
  welcomed: (message: Welcome) => Promise<void>
  /** Answers one message of the brain. */
  dispatch: (name: string, payload: unknown) => Promise<AgentAck>
  describe: () => Promise<Pick<NodeReport, 'specs' | 'load'>>
  /** Every instance that is held, as it is at the moment of the call. */
  instances: () => NodeReport['instances']
  heartbeat: () => Promise<AgentToBrain['node.heartbeat']>
  /** The brain has the whole truth. */
  reported: () => void
  /** The connection ended: nobody watches any more. */
  lost: () => void
  /** The brain refuses this node. Answers false to give up. */
  refused: (code: string, message: string) => boolean
  log: AgentLog
}

/**
 * The one connection to the brain. Dials again for as long as it takes; after every welcome it tells the whole truth, then
 * changes, numbered. What happens while it is away is not kept: the next report says what came of it.
 */
export class Connection {
  private readonly context: ConnectionContext
  private socket: Socket
  private target: BrainTarget
  private stream = 0
  private isReported = false
  private beating: NodeJS.Timeout | undefined
  private dialing: NodeJS.Timeout | undefined
  private reporting: NodeJS.Timeout | undefined
  private isClosed = false

  constructor(context: ConnectionContext) {
    this.context = context
    this.target = context.targets.present()
    this.socket = this.makeSocket()
  }

  private makeSocket(): Socket {
    const { url, cert, key } = this.target
    const socket = io(`${url}/agent`, {
      transports: ['websocket'],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: POLICY.agent.reconnectMinMs,
      reconnectionDelayMax: POLICY.agent.reconnectMaxMs,
      auth: answer => answer(this.context.handshake()),
      ...(cert && key ? { cert, key } : {}),
    })
    socket.on('connect_error', error => this.failed(error))
    socket.on('disconnect', reason => this.ended(reason))
    socket.onAny(
      (name: string, payload: unknown, acknowledge?: (ack: AgentAck) => void) =>
        void this.heard(name, payload, acknowledge),
    )
    return socket
  }

  /** The present connection, or the one that is tried, shows the node's certificate. */
  isByCertificate(): boolean {
    return this.target.cert !== undefined
  }

  open(): void {
    clearTimeout(this.dialing)
    this.takeTarget()
    this.socket.connect()
  }

  /** Dials anew where the brain is to be found now; what was under way on the former connection is told again. */
  move(): void {
    if (this.isClosed) return
    this.socket.disconnect()
    this.open()
  }

  /** A socket knows one address and one certificate: another way needs another socket. True when it is another way. */
  private takeTarget(): boolean {
    const next = this.context.targets.present()
    if (next.url === this.target.url && next.cert === this.target.cert) return false
    this.target = next
    this.socket.off()
    this.socket.offAny()
    this.socket.disconnect()
    this.socket = this.makeSocket()
    return true
  }

  async close(): Promise<void> {
    this.isClosed = true
    clearTimeout(this.beating)
    clearTimeout(this.dialing)
    clearTimeout(this.reporting)
    this.socket.disconnect()
  }

  observed(observation: Observation): void {
    if (!this.isReported) return
    this.stream++
    void this.tell('instance.observed', { stream: this.stream, observation })
  }

  /** Things that are worth nothing a moment later. */
  mention<Name extends 'instance.progress' | 'instance.console' | 'instance.stats'>(
    name: Name,
    payload: AgentToBrain[Name],
  ): void {
    if (this.isReported) this.socket.emit(name, payload)
  }

  /** NODE_UNREACHABLE while the brain is away; else what it answers. */
  async layerUrl(instanceId: string, sha256: string): Promise<z.output<typeof layerUrlAnswer>> {
    const answer = await this.say('layer.url', { instanceId, sha256 })
    if (answer.ok) {
      const { url, sizeBytes } = layerUrlAnswer.parse(answer.data)
      return { url: new URL(url, this.target.url).href, sizeBytes }
    }
    const code = Object.hasOwn(ERRORS, answer.code) ? (answer.code as ErrorCode) : 'DOWNLOAD_FAILED'
    throw new AppError(code, answer.message)
  }

  /**
   * What a registry is told before it gives the image of one's own instance; null when the brain knows of nothing. While the brain is away,
   * or when it is too old for this question, an image is asked for without.
   */
  async registryLogin(instanceId: string, registry: string): Promise<RegistryLogin | null> {
    try {
      const answer = await this.say('image.login', { instanceId, registry })
      return answer.ok ? registryLoginAnswer.parse(answer.data) : null
    } catch (error) {
      this.context.log.warn({ err: error, instanceId, registry }, 'The brain could not be asked for a registry sign-in')
      return null
    }
  }

  /**
   * Tells the whole truth. From the moment it is put together changes are told one by one, after it. Never rejects: a brain that did not
   * take it, or a disk that cannot be measured now, is tried again while the connection stands.
   */
  async report(): Promise<void> {
    clearTimeout(this.reporting)
    try {
      const machine = await this.context.describe()
      if (!this.socket.connected) return
      this.isReported = true
      const report = { ...machine, stream: this.stream, instances: this.context.instances() }
      if (await this.tell('node.report', fitReport(report))) return this.context.reported()
    } catch (error) {
      this.context.log.error({ err: error }, 'What the node holds could not be told; it is tried again')
    }
    if (this.isClosed || !this.socket.connected) return
    this.reporting = setTimeout(() => void this.report(), REPORT_AGAIN_MS)
  }

  private async heard(name: string, payload: unknown, acknowledge?: (ack: AgentAck) => void): Promise<void> {
    if (name === WELCOME) return this.greeted(payload, acknowledge)
    acknowledge?.(await this.context.dispatch(name, payload))
  }

  private async greeted(payload: unknown, acknowledge?: (ack: AgentAck) => void): Promise<void> {
    try {
      await this.context.welcomed(welcome.parse(payload))
      acknowledge?.({ ok: true })
    } catch (error) {
      this.context.log.error({ err: error }, 'The welcome of the brain could not be taken')
      acknowledge?.({ ok: false, code: 'INTERNAL', message: 'The agent could not take its welcome; its log says why.' })
      return
    }
    this.context.targets.answered()
    this.context.log.info(
      { brain: this.target.url, byCertificate: this.target.cert !== undefined },
      'Connected to the brain',
    )
    await this.report()
    this.beat()
  }

  private beat(): void {
    clearTimeout(this.beating)
    if (this.isClosed || !this.socket.connected) return
    const { heartbeatMs, heartbeatJitter } = POLICY.agent
    this.beating = setTimeout(
      () => {
        void this.context
          .heartbeat()
          .then(beat => this.tell('node.heartbeat', beat))
          .catch((error: unknown) =>
            this.context.log.error({ err: error }, 'The state of the machine could not be measured'),
          )
          .finally(() => this.beat())
      },
      heartbeatMs * (1 + heartbeatJitter * (2 * Math.random() - 1)),
    )
  }

  /** True when the brain took it. */
  private async tell<Name extends keyof AgentToBrain>(name: Name, payload: AgentToBrain[Name]): Promise<boolean> {
    try {
      const answer = await this.say(name, payload)
      if (!answer.ok)
        this.context.log.warn(
          { message: name, code: answer.code },
          `The brain did not take a message: ${answer.message}`,
        )
      return answer.ok
    } catch (error) {
      // Told again as part of the next report.
      this.context.log.debug({ err: error, message: name }, 'A message to the brain was not answered')
      return false
    }
  }

  private async say<Name extends keyof AgentToBrain>(name: Name, payload: AgentToBrain[Name]): Promise<BrainAck> {
    if (!this.socket.connected) throw new AppError('NODE_UNREACHABLE', 'There is no connection to the brain right now.')
    try {
      const answer: unknown = await this.socket.timeout(POLICY.channel.ackMs).emitWithAck(name, payload)
      return brainAck.parse(answer)
    } catch (error) {
      throw new AppError('NODE_UNREACHABLE', `The brain did not answer ${name}.`, { cause: error })
    }
  }

  private ended(reason: string): void {
    clearTimeout(this.beating)
    clearTimeout(this.reporting)
    this.isReported = false
    this.stream = 0
    this.context.lost()
    if (this.isClosed) return
    this.context.log.warn({ reason }, 'The connection to the brain ended; servers run on, and the agent dials again')
    // Socket.IO dials again by itself, but not when the brain ended the connection on purpose; and always as it was, though there may
    // be a newer certificate.
    if (this.takeTarget() || !this.socket.active) this.dialAgain(POLICY.agent.reconnectMinMs)
  }

  private failed(error: Error): void {
    if (this.socket.active) {
      this.context.log.warn(
        { reason: error.message },
        `The brain does not answer at ${this.target.url}; the agent tries again`,
      )
      this.context.targets.unanswered()
      if (this.takeTarget()) this.dialAgain(POLICY.agent.reconnectMinMs)
      return
    }
    const { code, message } = readRefusal(error)
    this.context.targets.refused(code, this.target)
    if (this.takeTarget()) {
      this.context.log.warn({ code }, `The brain refuses this agent as it came, and it tries another way: ${message}`)
      return this.dialAgain(POLICY.agent.reconnectMinMs)
    }
    const passes = code === 'UNAVAILABLE' || code === 'IDENTITY_IN_USE'
    if (this.context.refused(code, message)) this.dialAgain(passes ? POLICY.agent.reconnectMaxMs / 2 : REFUSED_AGAIN_MS)
  }

  private dialAgain(inMs: number): void {
    clearTimeout(this.dialing)
    this.dialing = setTimeout(() => this.open(), inMs * (1 + Math.random() * 0.5))
  }
}
