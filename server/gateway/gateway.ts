import type { IncomingMessage } from 'node:http'
import type { AgentEvents, AgentLine, AgentLink, Clock, PanelBus } from '../ports'
import { connectError } from './ack'
import { createAgentLink } from './agent-link'
import { createAgentMessages } from './agent-messages'
import { openAgentNamespace } from './agent-namespace'
import { createAgentSessions } from './agent-sessions'
import { createEngine, type Connection, type SocketEngine } from './engine'
import type { GatewayLog } from './gateway-log'
import { openPanelNamespace, type PanelAccess } from './panel-namespace'
import { createRefusals, type RecordRefusal } from './refusals'
import { createWatchRegistry } from './watch-registry'

export interface GatewayOptions {
  clock: Clock
  log: GatewayLog
  /** Who dialled, also through trusted proxies. */
  addressOf: (request: IncomingMessage) => string
  lineOf: (request: IncomingMessage) => AgentLine
}

/** What the gateway calls. The services behind it need the gateway's own ports first, hence two steps. */
export interface GatewayHandlers {
  /** While false (the brain starts or stops) everybody is told UNAVAILABLE and dials again. */
  isStarted: () => boolean
  agents: AgentEvents
  panel: PanelAccess
  /** The node an instance is on: null without one, undefined for an instance that does not exist. */
  nodeOf: (instanceId: string) => Promise<string | null | undefined>
}

/**
 * Sockets of agents and pages. Made before the services, which get `agentLink` and `panelBus`; `open` is called with
 * the services before the first connection can come. Until then nobody is connected and nobody listens.
 */
export interface Gateway extends Pick<SocketEngine, 'handleRequest' | 'webSocketServer' | 'attach'> {
  readonly agentLink: AgentLink
  readonly panelBus: PanelBus
  /** How many agents and pages are connected now. */
  connections(): { agents: number; pages: number }
  /** Once. */
  open(handlers: GatewayHandlers): void
  /**
   * Ends every connection as if the line was lost: agents and pages dial again by themselves. Resolves when what
   * the nodes had said before is handled; services must stand until then. Twice is the same as once.
   */
  close(): Promise<void>
}

export function createGateway({ clock, log, addressOf, lineOf }: GatewayOptions): Gateway {
  let panel: (PanelBus & { close(): void }) | null = null
  let recordRefusal: RecordRefusal = () => undefined
  let isClosing = false
  /** Connections that showed themselves, or whose end was recorded already: closing them is no refusal. */
  const accounted = new WeakSet<Connection>()
  const sessions = createAgentSessions()
  const agentLink = createAgentLink(sessions, log)
  const engine = createEngine({
    monotonic: () => clock.monotonic(),
    onFlood(connection) {
      accounted.add(connection)
      sessions.of(connection)?.queue.clear()
      recordRefusal(connection, {
        code: 'TOO_MANY_REQUESTS',
        message: 'A connection sent more messages in a second than are taken; it was cut.',
      })
    },
    onClose(connection, why) {
      if (why === 'oversized')
        recordRefusal(connection, {
          code: 'PAYLOAD_TOO_LARGE',
          message: 'A message was larger than is taken; its connection was cut.',
        })
      else if (!accounted.has(connection) && (why === 'unreadable' || (why === 'cut' && !isClosing))) {
        recordRefusal(connection, {
          code: 'HANDSHAKE_REFUSED',
          message: 'A connection gave no handshake that could be read, or none in time.',
        })
      } else if (why === 'unreadable')
        recordRefusal(connection, {
          code: 'MESSAGE_INVALID',
          message: 'A packet could not be read; its connection was cut.',
        })
    },
  })

  return {
    agentLink,
    panelBus: {
      publish: (name, payload, needs) => panel?.publish(name, payload, needs),
      endSessions: match => panel?.endSessions(match),
    },
    handleRequest: engine.handleRequest,
    webSocketServer: engine.webSocketServer,
    attach: engine.attach,
    connections: () => ({
      agents: agentLink.connectedNodes().length,
      pages: engine.io.of('/panel').sockets.size,
    }),
    open({ isStarted, agents, panel: access, nodeOf }) {
      const watch = createWatchRegistry({ link: agentLink, nodeOf, log })
      recordRefusal = createRefusals({ events: agents, sessions, addressOf, log })
      for (const name of ['/agent', '/panel']) {
        engine.io.of(name).use((socket, next) => {
          accounted.add(socket.conn)
          if (isStarted()) return next()
          next(
            connectError({ code: 'UNAVAILABLE', message: 'The brain is starting or stopping. Try again in a moment.' }),
          )
          setImmediate(() => socket.conn.close())
        })
      }
      const messages = createAgentMessages({ events: agents, watch, now: () => clock.now(), log })
      openAgentNamespace(engine.io, {
        events: agents,
        messages,
        sessions,
        watch,
        addressOf,
        lineOf,
        recordRefusal,
        log,
      })
      panel = openPanelNamespace(engine.io, { access, watch, now: () => clock.now(), log })
    },
    async close() {
      isClosing = true
      panel?.close()
      await engine.close()
      await sessions.allEnded()
    },
  }
}
