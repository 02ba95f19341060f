import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as Engine } from 'engine.io'
import { Server as SocketServer, type Socket } from 'socket.io'
import { POLICY } from '../../shared/domain/policy'
import { createMessageRate } from './message-rate'

/** One transport-level connection; a browser or an agent. */
export type Connection = Socket['conn']

export const SOCKET_PATH = '/socket.io/'

/**
 * Everything that touches Engine.IO, Socket.IO's transport layer. Pinned together with crossws and h3, because the way into
 * Nitro leans on how the three meet:
 *
 * Nitro owns the HTTP server and hands upgrades to crossws, which performs the WebSocket handshake itself. The way that
 * Socket.IO's documentation shows lets it, then pushes the finished WebSocket into Engine.IO by two private calls. That
 * skips Engine.IO's own checks (transport, session, protocol revision) and its limit on the size of a message: crossws
 * takes 100 MB. Here crossws gets a `wss` (an option of its Node adapter, which h3 passes on) that hands the raw
 * upgrade to Engine.IO's public `handleUpgrade` instead: no private call is left and all checks hold.
 */
export interface SocketEngine {
  readonly io: SocketServer
  handleRequest(request: IncomingMessage, response: ServerResponse): void
  /** Upgrades outside `/socket.io/` are refused with 404: nothing else of the brain speaks WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** For crossws: looks like the WebSocket server it would make, as far as its Node adapter uses it. */
  readonly webSocketServer: { on(): void; handleUpgrade: SocketEngine['handleUpgrade']; clients: ReadonlySet<never> }
  /** For a plain HTTP server (tests, tools). Other requests still reach its own listeners. */
  attach(server: HttpServer): void
  /** Closes every connection without a DISCONNECT packet: clients take it for a lost line and dial again by themselves. */
  close(): Promise<void>
}

export interface EngineOptions {
  monotonic: () => number
  /** A connection spoke faster than POLICY.channel.messagesPerSecond; it is cut right after. */
  onFlood: (connection: Connection) => void
  onClose: (connection: Connection, why: CloseReason) => void
}

/** `oversized`: a message beyond the limit. `unreadable`: not of the protocol. `cut`: ended on this side. */
export type CloseReason = 'oversized' | 'unreadable' | 'cut' | 'left'

export function createEngine(options: EngineOptions): SocketEngine {
  const engine = new Engine({
    transports: ['polling', 'websocket'],
    maxHttpBufferSize: POLICY.channel.messageBytes,
    pingInterval: POLICY.channel.transportPingMs,
    pingTimeout: POLICY.channel.transportPingMs,
  })
  // Connection-state recovery stays off (the default): it would skip the middlewares that authenticate.
  const io = new SocketServer({ serveClient: false, connectTimeout: POLICY.channel.joinNamespaceMs })
  io.bind(engine)
  // Socket.IO opens the namespace `/` by itself; an event named `error` sent there would end the process.
  io.of('/').use((_socket, next) => next(new Error('Invalid namespace')))
  engine.on('connection', (connection: Connection) => {
    limitRate(connection, options)
    connection.once('close', (reason: string, cause: unknown) =>
      options.onClose(connection, closeReason(reason, cause)),
    )
  })

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.url?.startsWith(SOCKET_PATH)) engine.handleUpgrade(request, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  }

  return {
    io,
    handleRequest: (request, response) => engine.handleRequest(request, response),
    handleUpgrade,
    webSocketServer: { on: () => undefined, handleUpgrade, clients: new Set<never>() },
    attach: server => engine.attach(server, { path: SOCKET_PATH }),
    close: () => io.close(),
  }
}

/** Counts every message of a connection, before any parsing, whatever namespace it is for. */
function limitRate(connection: Connection, options: EngineOptions): void {
  const rate = createMessageRate(POLICY.channel.messagesPerSecond, options.monotonic)
  connection.on('packet', () => {
    if (rate.take()) return
    options.onFlood(connection)
    cut(connection)
  })
}

function closeReason(reason: string, cause: unknown): CloseReason {
  if (reason === 'forced close') return 'cut'
  if (reason === 'parse error') return 'unreadable'
  // `ws` ends the connection when a message is beyond `maxHttpBufferSize`; Engine.IO keeps only the text of its error.
  return cause instanceof Error && cause.message.includes('Max payload size exceeded') ? 'oversized' : 'left'
}

/** Ends a connection now. A WebSocket is not given the time to say goodbye: a flood would go on meanwhile. */
export function cut(connection: Connection): void {
  connection.close(true)
  if (connection.request.headers.upgrade) connection.request.socket.destroy()
}

/** Counts the packets that wait for a slow peer: what was made since the transport last took everything. */
export function watchBacklog(connection: Connection): () => number {
  let waiting = 0
  connection.on('packetCreate', () => waiting++)
  connection.on('flush', () => (waiting = 0))
  return () => waiting
}
