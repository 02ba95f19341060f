import { AppError } from '../../shared/errors'
import type { Session } from '../../shared/schemas/account'
import type { Clock, PanelBus, Principal, SessionStore } from '../ports'

/** The signed-in browsers of an account: seen and ended by its owner, and by those who look after users. */
export interface SessionList {
  /** @param currentId the session that asks, marked as such */
  of(userId: string, currentId: string | null): Promise<Session[]>
  /** NOT_FOUND for one that ended already, or is somebody else's. Its sockets close at once. */
  end(userId: string, sessionId: string): Promise<void>
  /** All, or all but one. Their number. */
  endAll(userId: string, butId: string | null): Promise<number>
}

export function createSessionList(deps: {
  sessions: Pick<SessionStore, 'listOf' | 'endOf'>
  panel: Pick<PanelBus, 'endSessions'>
  clock: Pick<Clock, 'now'>
}): SessionList {
  const { sessions, panel, clock } = deps
  return {
    async of(userId, currentId) {
      const known = await sessions.listOf(userId, clock.now())
      return known.map(session => ({ ...session, current: session.id === currentId }))
    },
    async end(userId, only) {
      const ended = await sessions.endOf(userId, { only })
      if (ended.length === 0)
        throw new AppError('NOT_FOUND', 'There is no such session; it may have ended already. Read the list again.')
      panel.endSessions({ sessionId: only })
    },
    async endAll(userId, but) {
      const ended = await sessions.endOf(userId, { but })
      for (const sessionId of ended) panel.endSessions({ sessionId })
      return ended.length
    },
  }
}

/** Whose browser asks. FORBIDDEN for a token: it acts for its owner, but does not look after the owner's account. */
export function requireBrowser({ userId, sessionId }: Principal): { userId: string; sessionId: string } {
  if (!userId || !sessionId)
    throw new AppError(
      'FORBIDDEN',
      'An account is looked after by its owner, signed in with a browser; a token cannot do it.',
    )
  return { userId, sessionId }
}
