import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'socket.io'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { agentAck, WELCOME, type Welcome } from '../../shared/protocol/agent'
import type { AgentEvents, AgentLine } from '../ports'
import { connectError, openEnvelope, refusalOf } from './ack'
import { readHandshake } from './agent-handshake'
import type { AgentMessages } from './agent-messages'
import { ask, createAgentSession, cutSession, type AgentSession } from './agent-session'
import type { AgentSessions } from './agent-sessions'
import { cut } from './engine'
import type { GatewayLog } from './gateway-log'
import { createJoiningTokens, type JoiningTokens } from './joining-tokens'
import type { RecordRefusal } from './refusals'
import type { WatchRegistry } from './watch-registry'

export interface AgentNamespaceDeps {
  events: AgentEvents
  messages: AgentMessages
  sessions: AgentSessions
  watch: WatchRegistry
  addressOf: (request: IncomingMessage) => string
  lineOf: (request: IncomingMessage) => AgentLine
  recordRefusal: RecordRefusal
  log: GatewayLog
}

/**
 * Opens `/agent`: who may speak, and in which order it is heard. What is said is the matter of `agent-messages.ts`.
 *
 * No event of a peer ever reaches Socket.IO's own event emitter: an event named `error` would end the process there.
 */
export function openAgentNamespace(io: Server, deps: AgentNamespaceDeps): void {
  const namespace = io.of('/agent')
  const joining = createJoiningTokens()
  namespace.use((socket, next) => {
    admit(socket, deps, joining).then(
      () => next(),
      (error: unknown) => {
        const refusal = refusalOf(error, deps.log, 'the handshake of an agent')
        deps.recordRefusal(socket.conn, refusal)
        next(connectError(refusal))
        // After the refusal was written: an agent that tries again dials again, at its own pace.
        setImmediate(() => socket.conn.close())
      },
    )
  })
  namespace.on('connection', socket => {
    const session = deps.sessions.of(socket.conn)
    if (!session) return cut(socket.conn)
    session.socket = socket
    socket.use(event => receive(session, event, deps))
    socket.on('error', error =>
      deps.recordRefusal(socket.conn, {
        code: 'MESSAGE_INVALID',
        message: `A packet could not be read: ${error.message}.`,
      }),
    )
    socket.on('disconnect', () => cut(socket.conn))
    session.queue.push(() => welcome(session, deps))
  })
}

/** @throws AppError whatever makes the handshake a bad one. */
async function admit(socket: Socket, deps: AgentNamespaceDeps, joining: JoiningTokens): Promise<void> {
  if (socket.handshake.query.transport !== 'websocket') {
    throw new AppError(
      'HANDSHAKE_REFUSED',
      'An agent connects by WebSocket from the start; this one began with long polling.',
    )
  }
  const handshake = readHandshake(socket.handshake.auth)
  joining.take(handshake, socket.conn)
  const line = deps.lineOf(socket.request)
  const { nodeId, secret } = await deps.events.admit(handshake, deps.addressOf(socket.request), line)
  const session = createAgentSession(
    {
      nodeId,
      newSecret: secret,
      agentRunId: handshake.agentRunId,
      protocolVersion: handshake.protocolVersion,
      connection: socket.conn,
      line,
    },
    { onEnd: ending => farewell(ending, deps), log: deps.log },
  )
  await deps.sessions.claim(session)
}

/** The first thing in the queue of a session: whatever the agent says before it took its welcome waits. */
async function welcome(session: AgentSession, { events, watch, log }: AgentNamespaceDeps): Promise<void> {
  try {
    const message: Welcome = {
      nodeId: session.nodeId,
      secret: session.newSecret,
      networkId: events.networkId(),
      settings: await events.settings(session.nodeId),
    }
    const answer = agentAck.parse(await ask(session, WELCOME, message, POLICY.channel.ackMs))
    if (!answer.ok) throw new AppError('HANDSHAKE_REFUSED', `The agent did not take its welcome: ${answer.message}`)
    session.isReady = true
    session.isAnnounced = true
    await events.connected(session.nodeId, session.newSecret !== null, session.line)
    watch.nodeReturned(session.nodeId)
  } catch (error) {
    log.warn({ err: error, nodeId: session.nodeId }, 'A node could not be welcomed; its connection is ended')
    cutSession(session)
  }
}

async function farewell(session: AgentSession, deps: AgentNamespaceDeps): Promise<void> {
  if (!session.isAnnounced) return
  deps.watch.nodeLeft(session.nodeId)
  await deps.events.disconnected(session.nodeId)
}

function receive(session: AgentSession, event: readonly unknown[], deps: AgentNamespaceDeps): void {
  const { name, payload, hasMore, respond } = openEnvelope(event)
  const refuse = (error: unknown) => {
    const refusal = refusalOf(error, deps.log, `a message of node ${session.nodeId}`)
    if (refusal.code === 'MESSAGE_INVALID' || refusal.code === 'NOT_OWNER')
      deps.recordRefusal(session.connection, refusal)
    respond(refusal)
  }
  try {
    if (hasMore) throw new AppError('MESSAGE_INVALID', 'A message carries one payload.')
    const work = deps.messages.read(session, name, payload)
    // At arrival, not when its turn comes: a brain that is slow must not find its nodes silent.
    deps.events.touched(session.nodeId)
    const isTaken = session.queue.push(async () => {
      try {
        respond({ ok: true, data: await work() })
      } catch (error) {
        refuse(error)
      }
    })
    if (isTaken) return
    deps.recordRefusal(session.connection, {
      code: 'TOO_MANY_REQUESTS',
      message: 'More messages of the node wait than are taken in a second; its connection was cut.',
    })
    cutSession(session)
  } catch (error) {
    refuse(error)
  }
}
