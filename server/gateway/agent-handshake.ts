import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { agentHandshake, type AgentHandshake } from '../../shared/protocol/agent'
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../shared/protocol/version'

const spokenVersion = z.object({ protocolVersion: z.number() })

/**
 * Reads Socket.IO's `auth` of an agent.
 *
 * The version is looked at first and alone: a handshake of another version may have another shape, and its agent is to
 * hear that it must be updated, not that a field is wrong.
 *
 * @throws AppError PROTOCOL_VERSION or HANDSHAKE_REFUSED. What was sent is never repeated: it may be a secret.
 */
export function readHandshake(auth: unknown): AgentHandshake {
  const version = spokenVersion.safeParse(auth)
  if (
    version.success &&
    (version.data.protocolVersion < OLDEST_PROTOCOL_VERSION || version.data.protocolVersion > PROTOCOL_VERSION)
  ) {
    const isNewer = version.data.protocolVersion > PROTOCOL_VERSION
    throw new AppError(
      'PROTOCOL_VERSION',
      `The agent speaks protocol version ${version.data.protocolVersion}, this brain speaks ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}. ` +
        (isNewer
          ? 'The agent is newer than the brain: update the brain, or run a new join command of this brain on that machine.'
          : 'The agent is too old: run a new join command of this brain on that machine. Its servers go on meanwhile.'),
    )
  }
  const parsed = agentHandshake.safeParse(auth)
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(issue => issue.path.join('.') || 'auth'))].join(', ')
    throw new AppError('HANDSHAKE_REFUSED', `The handshake has the wrong shape at: ${fields.slice(0, 200)}.`)
  }
  const { nodeId, secret, joinToken } = parsed.data
  const joining = joinToken !== undefined && secret === undefined
  const returning = secret !== undefined && nodeId !== undefined && joinToken === undefined
  if (!joining && !returning) {
    throw new AppError(
      'HANDSHAKE_REFUSED',
      'A handshake carries either a join token, or the id and the secret of a node that joined before.',
    )
  }
  return parsed.data
}
