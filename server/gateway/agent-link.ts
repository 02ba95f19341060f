import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { agentAck } from '../../shared/protocol/agent'
import type { AgentLink } from '../ports'
import type { AgentSessions } from './agent-sessions'
import { ask, cutSession } from './agent-session'
import type { GatewayLog } from './gateway-log'

/** The port through which services reach agents, over the sessions that stand. */
export function createAgentLink(sessions: AgentSessions, log: GatewayLog): AgentLink {
  return {
    isConnected: nodeId => sessions.ready(nodeId) !== undefined,
    connectedNodes: () => sessions.readyNodes(),
    async send(nodeId, name, payload) {
      const session = sessions.ready(nodeId)
      if (!session) {
        throw new AppError(
          'NODE_UNREACHABLE',
          'The node has no connection to the brain. What is wanted of it is kept and carried out when it is back.',
        )
      }
      const answer = agentAck.safeParse(await ask(session, name, payload, POLICY.channel.ackMs))
      if (answer.success) return answer.data
      log.warn({ nodeId, message: name }, 'An agent acknowledged a message in a shape that is not known')
      return {
        ok: false,
        code: 'MESSAGE_INVALID',
        message: `The agent acknowledged ${name} in a shape that is not known.`,
      }
    },
    disconnect(nodeId, reason) {
      const session = sessions.find(nodeId)
      if (!session) return
      log.info({ nodeId, reason }, 'The connection of a node is ended')
      cutSession(session)
    },
  }
}
