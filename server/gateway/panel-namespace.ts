import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Server, Socket } from 'socket.io'
import { z } from 'zod'
import { reaches, reachOf } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'
import { panelToBrain, type BrainToPanel, type PanelToBrain } from '../../shared/protocol/panel'
import type { PanelBus, Principal } from '../ports'
import { connectError, openEnvelope, parseMessage, refusalOf } from './ack'
import { watchBacklog } from './engine'
import type { GatewayLog } from './gateway-log'
import { coalesce } from './panel-bus'
import { roomsFor, roomsOf } from './panel-rooms'
import { createPanelGuests, type PanelGuests } from './panel-guests'
import { createSerialQueue } from './serial-queue'
import type { Watcher, WatchRegistry } from './watch-registry'

export interface PanelAccess {
  /**
   * Whose session cookie or bearer token this is; null, or an AppError that says more, for nobody's. Asked again
   * every POLICY.channel.revalidateMs for each open page.
   */
  principalFromHeaders(headers: IncomingHttpHeaders): Promise<Principal | null>
  /** Whether a request comes from the panel's own pages, or from no browser at all. */
  isOwnOrigin(request: IncomingMessage): boolean
}

export interface PanelNamespaceDeps {
  access: PanelAccess
  watch: WatchRegistry
  now: () => number
  log: GatewayLog
}

/** Opens `/panel`. Each socket hears what its permissions let it read; console and statistics only of what it watches. */
export function openPanelNamespace(io: Server, deps: PanelNamespaceDeps): PanelBus & { close(): void } {
  const namespace = io.of('/panel')
  const guests = createPanelGuests(socket => dismiss(socket, deps.now()))

  namespace.use((socket, next) => {
    guests
      .enter(socket, () => identify(socket, deps.access))
      .then(
        principal => next(principal ? undefined : connectError(NOBODY)),
        (error: unknown) => next(connectError(refusalOf(error, deps.log, 'the sign-in of a page'))),
      )
  })
  namespace.on('connection', socket => {
    const principal = guests.find(socket)
    if (!principal) return void socket.disconnect(true)
    void socket.join(roomsOf(principal.grants))
    listen(socket, principal, deps)
  })

  const revalidation = setInterval(() => void revalidate(guests, deps), POLICY.channel.revalidateMs).unref()
  const publish = coalesce((name, payload, needs) => {
    namespace.to(roomsFor(name, payload, needs)).emit(name, payload)
  })
  return {
    publish(name, payload, needs) {
      if (name === 'instance.changed' && 'node' in payload) deps.watch.instanceAt(payload.id, payload.node?.id ?? null)
      publish(name, payload, needs)
    },
    endSessions: match => guests.end(match),
    close: () => clearInterval(revalidation),
  }
}

const NOBODY = { code: 'UNAUTHENTICATED', message: 'The session has ended. Sign in again.' }

/** More than a page ever needs; the rest of a flood is refused one by one until its connection is cut. */
const MESSAGES_WAITING = 100

const tokenAuth = z.object({ token: z.string().min(1).max(500) })

/** By the token in `auth` or in the header; else by the cookie, and then only for the panel's own pages. */
async function identify(socket: Socket, access: PanelAccess): Promise<Principal | null> {
  const { headers } = socket.handshake
  const auth = tokenAuth.safeParse(socket.handshake.auth)
  if (auth.success)
    return access.principalFromHeaders({ ...headers, cookie: undefined, authorization: `Bearer ${auth.data.token}` })
  if (headers.authorization === undefined && !access.isOwnOrigin(socket.request)) {
    throw new AppError(
      'ORIGIN_REFUSED',
      'The connection was opened by a page of another site. Open the panel at its own address.',
    )
  }
  return access.principalFromHeaders(headers)
}

/** The messages of one page, one after the other: a quick `watch`, `unwatch` must not end as watched. */
function listen(socket: Socket, principal: Principal, { watch, log }: PanelNamespaceDeps): void {
  const watcher: Watcher = { socket, backlog: watchBacklog(socket.conn) }
  const queue = createSerialQueue({
    limit: MESSAGES_WAITING,
    onError: error => log.error({ err: error }, 'A message of a page could not be handled'),
  })
  const handlers: Handlers = {
    async watch({ instanceId }) {
      const reach = reachOf(principal.grants, 'instance.console.read')
      if (reach !== 'all' && reach.size === 0)
        throw new AppError('FORBIDDEN', 'Your role does not let you read the console of a server.')
      // To those it is not given to, a server does not exist.
      if (!reaches(reach, instanceId)) throw new AppError('NOT_FOUND', `There is no server ${instanceId}.`)
      await watch.add(instanceId, watcher)
      if (!socket.connected) watch.leave(watcher)
    },
    async unwatch({ instanceId }) {
      watch.remove(instanceId, watcher)
    },
  }

  socket.use(event => {
    const { name, payload, respond } = openEnvelope(event)
    const isTaken = queue.push(async () => {
      try {
        await handle(handlers, name, payload)
        respond({ ok: true })
      } catch (error) {
        respond(refusalOf(error, log, 'a message of a page'))
      }
    })
    if (!isTaken)
      respond({ ok: false, code: 'TOO_MANY_REQUESTS', message: 'Too many messages of this page wait already.' })
  })
  socket.on('error', error => log.info({ err: error }, 'A packet of a page could not be read'))
  socket.on('disconnect', () => watch.leave(watcher))
}

type Handlers = { [Name in keyof PanelToBrain]: (payload: PanelToBrain[Name]) => Promise<void> }
const schemas: { [Name in keyof PanelToBrain]: z.ZodType<PanelToBrain[Name]> } = panelToBrain

async function handle(handlers: Handlers, name: unknown, payload: unknown): Promise<void> {
  if (!isPanelMessage(name)) throw new AppError('MESSAGE_INVALID', 'The brain knows no message of this name.')
  await call(handlers, name, payload)
}

function call<Name extends keyof PanelToBrain>(handlers: Handlers, name: Name, payload: unknown): Promise<void> {
  return handlers[name](parseMessage(name, schemas[name], payload))
}

function isPanelMessage(name: unknown): name is keyof PanelToBrain {
  return typeof name === 'string' && Object.hasOwn(panelToBrain, name)
}

/** Signed out, role changed: the page is told, and hears nothing more. */
function dismiss(socket: Socket, at: number): void {
  const message: BrainToPanel['session.ended'] = { at }
  socket.emit('session.ended', message)
  socket.disconnect(true)
  // Still between sign-in and connection: Socket.IO ignores the line above.
  socket.conn.close()
}

/** Tokens and sessions expire without anybody ending them. */
async function revalidate(guests: PanelGuests, { access, now, log }: PanelNamespaceDeps): Promise<void> {
  for (const [socket, principal] of guests.all()) {
    try {
      const current = await identify(socket, access)
      if (current && isDeepStrictEqual(current.grants, principal.grants)) continue
      dismiss(socket, now())
    } catch (error) {
      if (isAppError(error)) dismiss(socket, now())
      else log.error({ err: error }, 'Whether the session of an open page still stands could not be found out')
    }
  }
}
