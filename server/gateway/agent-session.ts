import type { Socket } from 'socket.io'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { BrainToAgent } from '../../shared/protocol/agent'
import { inPreviousProtocol } from '../../shared/protocol/previous'
import { PROTOCOL_VERSION } from '../../shared/protocol/version'
import type { AgentLine } from '../ports'
import { cut, type Connection } from './engine'
import { createSerialQueue, type SerialQueue } from './serial-queue'
import type { GatewayLog } from './gateway-log'

/** One connection of one agent, from the moment its handshake was admitted until it ended. */
export interface AgentSession {
  readonly nodeId: string
  /** New for every start of the agent program: the same one again is the same agent, come back. */
  readonly agentRunId: string
  /** What the agent speaks: this brain's protocol or the one before. */
  readonly protocolVersion: number
  /** Only after a join token: what the agent must keep. */
  readonly newSecret: string | null
  readonly connection: Connection
  /** By which line it came. */
  readonly line: AgentLine
  /** The messages of this node, in order. Full: the connection is cut. */
  readonly queue: SerialQueue
  /** Set once the namespace stands; messages may be sent to the agent. */
  socket: Socket | null
  /** The agent took its welcome: it may be given commands. */
  isReady: boolean
  /** The services were told that the node is connected, so they must be told that it left. */
  isAnnounced: boolean
  /** What waits for an answer of the agent; called when the connection ends. */
  readonly waiting: Set<() => void>
  /** Number of the last message of the report stream; null before the first report. */
  stream: number | null
  /** `node.resync` is under way: one gap is asked about once. */
  isResyncing: boolean
  /**
   * The connection is gone and nothing of this session is under way any more: another may take its place. What it left in
   * the queue was done before, unless it was cut.
   */
  readonly ended: Promise<void>
}

export interface SessionHooks {
  /** Runs when the queue is done. */
  onEnd: (session: AgentSession) => Promise<void>
  log: GatewayLog
}

export function createAgentSession(
  identity: Pick<AgentSession, 'nodeId' | 'agentRunId' | 'protocolVersion' | 'newSecret' | 'connection' | 'line'>,
  hooks: SessionHooks,
): AgentSession {
  const { nodeId, connection } = identity
  const waiting = new Set<() => void>()
  const closed = new Promise<void>(resolve => connection.once('close', () => resolve()))
  const queue = createSerialQueue({
    limit: POLICY.channel.messagesPerSecond,
    onError: error => hooks.log.error({ err: error, nodeId }, 'Handling a message of a node failed'),
  })
  const session: AgentSession = {
    ...identity,
    queue,
    socket: null,
    isReady: false,
    isAnnounced: false,
    waiting,
    stream: null,
    isResyncing: false,
    ended: closed.then(async () => {
      session.isReady = false
      for (const giveUp of waiting) giveUp()
      await queue.idle()
      await hooks
        .onEnd(session)
        .catch((error: unknown) => hooks.log.error({ err: error, nodeId }, 'The end of a connection could not be told'))
    }),
  }
  return session
}

/** Ends a session and forgets what it still had to say. */
export function cutSession(session: AgentSession): void {
  session.isReady = false
  session.queue.clear()
  cut(session.connection)
}

/**
 * Sends one message, in the agent's own protocol, and waits for whatever the agent acknowledges it with.
 *
 * @throws AppError NODE_UNREACHABLE when the connection ends or `timeoutMs` pass first; PROTOCOL_VERSION when the agent is
 * too old to know this message.
 */
export function ask(session: AgentSession, name: string, payload: unknown, timeoutMs: number): Promise<unknown> {
  const { socket, protocolVersion } = session
  const said = protocolVersion < PROTOCOL_VERSION ? inPreviousProtocol(name, payload) : payload
  if (said === undefined)
    return Promise.reject(
      new AppError(
        'PROTOCOL_VERSION',
        'The agent of this node is older than the brain and cannot do this yet. Run a new join command on that machine: it brings the newer agent, and servers go on meanwhile.',
      ),
    )
  if (!socket?.connected) return Promise.reject(unreachable('The node has no connection to the brain.'))
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(unreachable('The connection to the node ended before it answered.'))
    session.waiting.add(giveUp)
    socket.timeout(timeoutMs).emit(name, said, (timedOut: Error | null, answer: unknown) => {
      session.waiting.delete(giveUp)
      if (timedOut) reject(unreachable(`The node did not answer within ${timeoutMs / 1_000} s.`))
      else resolve(answer)
    })
  })
}

/** Whether an agent answers at all. */
export function isAlive(session: AgentSession): Promise<boolean> {
  const ping: BrainToAgent['node.ping'] = {}
  return ask(session, 'node.ping', ping, POLICY.channel.pingMs).then(
    () => true,
    () => false,
  )
}

function unreachable(detail: string): AppError {
  return new AppError('NODE_UNREACHABLE', `${detail} What is wanted of it is kept and carried out when it is back.`)
}
