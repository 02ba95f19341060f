import type { Socket } from 'socket.io'
import type { PanelBus, Principal } from '../ports'

export type SessionMatch = Parameters<PanelBus['endSessions']>[0]

/** The open pages and tools, and as whom they came in. */
export interface PanelGuests {
  /**
   * Lets a socket in as whoever `identify` finds. A session that is ended while that is being found out does not get in.
   * The socket is forgotten when its connection closes. Null: nobody.
   */
  enter(socket: Socket, identify: () => Promise<Principal | null>): Promise<Principal | null>
  find(socket: Socket): Principal | undefined
  end(match: SessionMatch): void
  all(): [Socket, Principal][]
}

export function createPanelGuests(dismiss: (socket: Socket) => void): PanelGuests {
  const guests = new Map<Socket, Principal>()
  /** For each identification under way: what was ended since it began. */
  const underWay = new Set<SessionMatch[]>()

  return {
    async enter(socket, identify) {
      const endedMeanwhile: SessionMatch[] = []
      underWay.add(endedMeanwhile)
      try {
        const principal = await identify()
        if (!principal || endedMeanwhile.some(match => matches(principal, match))) return null
        guests.set(socket, principal)
        socket.conn.once('close', () => guests.delete(socket))
        return principal
      } finally {
        underWay.delete(endedMeanwhile)
      }
    },
    find: socket => guests.get(socket),
    end(match) {
      for (const ended of underWay) ended.push(match)
      for (const [socket, principal] of guests) if (matches(principal, match)) dismiss(socket)
    },
    all: () => [...guests],
  }
}

function matches(principal: Principal, { sessionId, userId, tokenId }: SessionMatch): boolean {
  return (
    (sessionId !== undefined && principal.sessionId === sessionId) ||
    (userId !== undefined && principal.userId === userId) ||
    (tokenId !== undefined && principal.actor.kind === 'token' && principal.actor.id === tokenId)
  )
}
