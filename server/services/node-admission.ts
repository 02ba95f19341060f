import { timingSafeEqual } from 'node:crypto'
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../shared/protocol/version'
import type { AgentHandshake } from '../../shared/protocol/agent'
import { AppError } from '../../shared/errors'
import type { Clock, Ids, NodeAdmission, NodeRecord, NodeStore } from '../ports'
import type { NodeDirectory } from './node-directory'
import { hashSecret } from './secret-hash'

/**
 * Decides who a dialling agent is. A join token gives it a secret of its own; afterwards it comes with node id and secret. Who
 * is refused learns only that it is, not which half of what it said was wrong.
 */
export function createNodeAdmission(deps: {
  nodes: Pick<NodeStore, 'findByJoinTokenHash'>
  directory: Pick<NodeDirectory, 'find' | 'joinWithToken' | 'update'>
  clock: Pick<Clock, 'now'>
  ids: Pick<Ids, 'secret'>
}): (handshake: AgentHandshake) => Promise<NodeAdmission> {
  const { nodes, directory, clock, ids } = deps

  async function join(token: string): Promise<NodeAdmission> {
    const tokenHash = hashSecret(token)
    const node = await nodes.findByJoinTokenHash(tokenHash)
    const secret = ids.secret()
    if (node && (await directory.joinWithToken(node.id, tokenHash, hashSecret(secret), clock.now())))
      return { nodeId: node.id, secret }
    throw new AppError(
      'HANDSHAKE_REFUSED',
      'The join token is unknown, used or expired. Make a new join command for this node in the panel and use that.',
    )
  }

  async function recognise(nodeId: string, secret: string): Promise<NodeAdmission> {
    const node = directory.find(nodeId)
    const secretHash = hashSecret(secret)
    if (node?.secretHash && isSame(node.secretHash, secretHash)) return { nodeId, secret: null }
    if (node?.pendingSecretHash && isSame(node.pendingSecretHash, secretHash)) {
      await directory.update(nodeId, secretTaken(node))
      return { nodeId, secret: null }
    }
    throw new AppError(
      'HANDSHAKE_REFUSED',
      'The brain does not know this node, or its secret is not the right one. If it was removed, join it again with a new command.',
    )
  }

  return async handshake => {
    refuseOtherVersions(handshake)
    const { nodeId, secret, joinToken } = handshake
    if (joinToken !== undefined && secret === undefined) return join(joinToken)
    if (nodeId !== undefined && secret !== undefined && joinToken === undefined) return recognise(nodeId, secret)
    throw new AppError('HANDSHAKE_REFUSED', 'A handshake carries either a join token, or a node id with its secret.')
  }
}

/** The node has its new secret: the one before is worthless from now on, and the token has done its work. */
export function secretTaken({ pendingSecretHash, secretHash }: NodeRecord): Partial<NodeRecord> {
  return {
    secretHash: pendingSecretHash ?? secretHash,
    pendingSecretHash: null,
    joinTokenHash: null,
    joinTokenExpiresAt: null,
  }
}

function refuseOtherVersions({ protocolVersion, agentVersion }: AgentHandshake): void {
  if (protocolVersion >= OLDEST_PROTOCOL_VERSION && protocolVersion <= PROTOCOL_VERSION) return
  const older = protocolVersion < OLDEST_PROTOCOL_VERSION
  throw new AppError(
    'PROTOCOL_VERSION',
    `The agent (${agentVersion}) speaks protocol ${protocolVersion}; this brain speaks ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}. ` +
      (older ? 'The agent is too old: run a new join command of this brain on that machine.' : 'Update the brain.'),
  )
}

/** In constant time. Both are hashes in hexadecimal, so their length tells nothing. */
function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
