import { AppError } from '../../shared/errors'
import type { Connection } from './engine'
import { cutSession, isAlive, type AgentSession } from './agent-session'

/** Who is connected: at most one session per node. */
export interface AgentSessions {
  /** The session that may be given commands. */
  ready(nodeId: string): AgentSession | undefined
  readyNodes(): string[]
  find(nodeId: string): AgentSession | undefined
  /** The session of a connection, also while it still asks for its place and after it lost it. */
  of(connection: Connection): AgentSession | undefined
  /**
   * Makes a session the one of its node. An earlier one is replaced when it is of the same agent run, when the newcomer joined
   * with a token (its secret is the only good one now), or when it does not answer a ping; its last work is
   * done before this resolves.
   *
   * @throws AppError IDENTITY_IN_USE when the earlier one is alive; HANDSHAKE_REFUSED when the newcomer left meanwhile.
   */
  claim(session: AgentSession): Promise<void>
  /** Resolves when no session has anything left to do. */
  allEnded(): Promise<void>
}

export function createAgentSessions(): AgentSessions {
  const byNode = new Map<string, AgentSession>()
  const byConnection = new WeakMap<Connection, AgentSession>()
  const living = new Set<AgentSession>()

  async function mustYield(holder: AgentSession, newcomer: AgentSession): Promise<boolean> {
    if (holder.agentRunId === newcomer.agentRunId || newcomer.newSecret !== null || !holder.isReady) return true
    return !(await isAlive(holder))
  }

  return {
    of: connection => byConnection.get(connection),
    find: nodeId => byNode.get(nodeId),
    ready: nodeId => {
      const session = byNode.get(nodeId)
      return session?.isReady ? session : undefined
    },
    readyNodes: () => [...byNode.values()].filter(session => session.isReady).map(session => session.nodeId),

    async claim(session) {
      if (byConnection.has(session.connection))
        throw new AppError('HANDSHAKE_REFUSED', 'A connection carries one agent; this one already has one.')
      byConnection.set(session.connection, session)
      for (let holder = byNode.get(session.nodeId); holder; holder = byNode.get(session.nodeId)) {
        if (!(await mustYield(holder, session))) {
          throw new AppError(
            'IDENTITY_IN_USE',
            'Another agent with this identity is connected and alive. If this machine was cloned, give this one its own node: stop the agent, empty its data folder and join it with a new join command.',
          )
        }
        cutSession(holder)
        await holder.ended
      }
      if (session.connection.readyState !== 'open')
        throw new AppError('HANDSHAKE_REFUSED', 'The connection ended during the handshake.')
      byNode.set(session.nodeId, session)
      living.add(session)
      void session.ended.finally(() => {
        living.delete(session)
        byNode.delete(session.nodeId)
      })
    },
    async allEnded() {
      await Promise.allSettled([...living].map(session => session.ended))
    },
  }
}
