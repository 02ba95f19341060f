import { randomUUID } from 'node:crypto'
import { io } from 'socket.io-client'
import { POLICY } from '../shared/domain/policy'
import { AppError } from '../shared/errors'
import { WELCOME, welcome } from '../shared/protocol/agent'
import type { AgentAck, Welcome } from '../shared/protocol/agent'
import { PROTOCOL_VERSION } from '../shared/protocol/version'
import { trustBrain } from './certificate/trust-brain'
import type { AgentSettings } from './config'
import { readRefusal } from './connection'
import { lockDataFolder } from './data-lock'
import { loadIdentity, saveIdentity } from './identity'
import type { Identity } from './identity'
import { readBootId } from './process-identity'
import { RecordStore } from './record'
import { AGENT_VERSION } from './version'

/** Refusals by a brain that knows the node. */
const KNOWN = new Set(['IDENTITY_IN_USE', 'CERTIFICATE_REQUIRED'])

interface Joining {
  settings: AgentSettings
  say: (line: string) => void
  /** How long a brain that does not answer is waited for. */
  withinMs?: number
}

/**
 * Becomes a node and ends: keeps the secret that the brain gives for the join token, for the agent that is started afterwards.
 * A machine that has joined before, and comes with the same line again or with a new token for the same node, stays that node.
 * Throws HANDSHAKE_REFUSED, NODE_UNREACHABLE or CONFLICT in words; what was known before is kept then.
 */
export async function joinBrain({ settings, say, withinMs = POLICY.join.answerMs }: Joining): Promise<void> {
  const lock = await lockDataFolder(settings.dataDir)
  try {
    const known = await loadIdentity(settings.dataDir)
    await trustBrain(settings)
    if (settings.joinToken) {
      const outcome = await dial(settings, { joinToken: settings.joinToken }, withinMs, message =>
        takeSecret(settings.dataDir, known, message),
      )
      if (outcome === null) return say(`Joined ${settings.brainUrl} as "${settings.nodeName}".`)
      if (!known) throw new AppError('HANDSHAKE_REFUSED', `The brain at ${settings.brainUrl} says: ${outcome.message}`)
    }
    if (!known)
      throw new AppError('BAD_REQUEST', 'STRATA_JOIN_TOKEN is not set. Make a join command in the panel and run that.')
    const { nodeId, secret } = known
    const outcome = await dial(settings, { nodeId, secret }, withinMs, async () => {})
    if (outcome === null || KNOWN.has(outcome.code))
      return say('This machine has joined before; it stays the node it is.')
    throw new AppError('HANDSHAKE_REFUSED', `The brain at ${settings.brainUrl} says: ${outcome.message}`)
  } finally {
    await lock.release()
  }
}

/** Keeps the new secret. CONFLICT when it is another node's and this folder holds the servers of the one before. */
export async function takeSecret(dataDir: string, known: Identity | null, message: Welcome): Promise<Identity> {
  if (!message.secret) throw new AppError('HANDSHAKE_REFUSED', 'The brain gave no secret for the token.')
  if (known && known.nodeId !== message.nodeId) {
    const { records, broken } = await new RecordStore(dataDir).load()
    if (records.length + broken.length > 0)
      throw new AppError(
        'CONFLICT',
        `${dataDir} belongs to another node, whose servers are kept there. Join again with a token for that node ("Join again" on its page), or give this one a folder of its own with STRATA_NODE_DATA_DIR.`,
      )
  }
  const { nodeId, secret, networkId } = message
  const identity = { nodeId, secret, ...(networkId ? { networkId } : {}) }
  await saveIdentity(dataDir, identity)
  return identity
}

/**
 * One handshake with these credentials, and the welcome. Resolves to null when it was taken, to the refusal when the brain refuses;
 * rejects with what `welcomed` throws, or NODE_UNREACHABLE when there is no answer in time.
 */
function dial(
  settings: AgentSettings,
  credentials: Pick<Identity, 'nodeId' | 'secret'> | { joinToken: string },
  withinMs: number,
  welcomed: (message: Welcome) => Promise<unknown>,
): Promise<{ code: string; message: string } | null> {
  const socket = io(`${settings.brainUrl}/agent`, {
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelayMax: POLICY.agent.reconnectMinMs,
    auth: {
      ...credentials,
      agentVersion: AGENT_VERSION,
      protocolVersion: PROTOCOL_VERSION,
      agentRunId: randomUUID(),
      bootId: readBootId(),
    },
  })
  let again: NodeJS.Timeout | undefined
  return new Promise<{ code: string; message: string } | null>((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new AppError(
            'NODE_UNREACHABLE',
            `The brain does not answer at ${settings.brainUrl}. Is it up, and reached from this machine? The join token stays good; run the line again.`,
          ),
        ),
      withinMs,
    )
    socket.on('connect_error', error => {
      const refusal = readRefusal(error)
      if (socket.active) return // dialled again by itself
      if (refusal.code === 'UNAVAILABLE')
        return void (again = setTimeout(() => socket.connect(), POLICY.agent.reconnectMinMs))
      clearTimeout(timer)
      resolve(refusal)
    })
    socket.on(WELCOME, (payload: unknown, acknowledge: (ack: AgentAck) => void) => {
      clearTimeout(timer)
      Promise.resolve(payload)
        .then(raw => welcomed(welcome.parse(raw)))
        .then(
          () => {
            acknowledge({ ok: true })
            resolve(null)
          },
          (error: unknown) => {
            acknowledge({ ok: false, code: 'CONFLICT', message: 'The machine did not take its welcome.' })
            reject(error instanceof Error ? error : new Error(String(error)))
          },
        )
    })
  }).finally(() => {
    clearTimeout(again)
    socket.disconnect()
  })
}
