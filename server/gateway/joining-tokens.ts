import { AppError } from '../../shared/errors'
import type { AgentHandshake } from '../../shared/protocol/agent'
import type { Connection } from './engine'

/**
 * Join tokens that a machine comes with at this moment. A token is used up when its machine has taken its secret; until then a second
 * machine with the same pasted line would be offered another secret, and the first be left with one that is worthless.
 */
export interface JoiningTokens {
  /**
   * Takes the token of a handshake until the connection ends; the same agent that dials again keeps it. Handshakes without a token pass.
   *
   * @throws AppError HANDSHAKE_REFUSED while another agent has it.
   */
  take(handshake: Pick<AgentHandshake, 'joinToken' | 'agentRunId'>, connection: Connection): void
}

export function createJoiningTokens(): JoiningTokens {
  const holders = new Map<string, { agentRunId: string; connection: Connection }>()

  return {
    take({ joinToken, agentRunId }, connection) {
      if (joinToken === undefined) return
      const holder = holders.get(joinToken)
      if (holder && holder.agentRunId !== agentRunId)
        throw new AppError(
          'HANDSHAKE_REFUSED',
          'Another machine joins with this join token at this moment, and it is good for one. Add a node for each machine, and use the join command of its own.',
        )
      holders.set(joinToken, { agentRunId, connection })
      connection.once('close', () => {
        if (holders.get(joinToken)?.connection === connection) holders.delete(joinToken)
      })
    },
  }
}
