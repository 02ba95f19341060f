import { POLICY } from '../../shared/domain/policy'
import type { NodeContact } from '../../shared/schemas/node'

/** Times by the brain's own monotonic clock: a node's clock may be an hour off, and the brain's may be set. */
export interface SignsOfLife {
  hasJoined: boolean
  /** Since the brain started; null: none yet. */
  lastHeard: number | null
  brainStarted: number
  now: number
}

/**
 * Contact with a node, from silence alone. After a brain start nobody is called offline before every agent had time
 * to find the brain again; until it does, a node that was not heard is suspect.
 */
export function contactOf(signs: SignsOfLife, policy: typeof POLICY.contact = POLICY.contact): NodeContact {
  if (!signs.hasJoined) return 'pending'
  const inGrace = signs.now - signs.brainStarted < policy.graceAfterStartMs
  if (signs.lastHeard === null) return inGrace ? 'suspect' : 'offline'
  const silence = signs.now - signs.lastHeard
  if (silence < policy.suspectAfterMs) return 'online'
  return silence < policy.offlineAfterMs || inGrace ? 'suspect' : 'offline'
}
