import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { Clock, Ids } from '../ports'
import { hashSecret } from './secret-hash'

/** Proofs that the password was right, each good for one sign-in within minutes. In memory: a restart asks for the password again. */
export interface LoginChallenges {
  issue(proof: { userId: string; passwordHash: string }): string
  /** Counts a try. TOTP_WRONG for a challenge that is unknown, too old or tried too often. */
  tried(challenge: string): { userId: string; passwordHash: string }
  /** False when it was spent already. */
  spend(challenge: string): boolean
}

export function createLoginChallenges({ clock, ids }: { clock: Clock; ids: Ids }): LoginChallenges {
  const open = new Map<string, { userId: string; passwordHash: string; until: number; triesLeft: number }>()

  return {
    issue(proof) {
      const now = clock.monotonic()
      for (const [key, { until }] of open) {
        if (until > now && open.size < POLICY.totp.challenges) break
        open.delete(key)
      }
      const challenge = ids.secret()
      open.set(hashSecret(challenge), {
        ...proof,
        until: now + POLICY.totp.challengeMs,
        triesLeft: POLICY.totp.triesPerChallenge,
      })
      return challenge
    },
    tried(challenge) {
      const key = hashSecret(challenge)
      const found = open.get(key)
      if (!found || found.until <= clock.monotonic() || found.triesLeft <= 0) {
        open.delete(key)
        throw new AppError(
          'TOTP_WRONG',
          'This sign-in took too long, or too many codes were wrong. Begin again with name and password.',
        )
      }
      found.triesLeft -= 1
      return { userId: found.userId, passwordHash: found.passwordHash }
    },
    spend: challenge => open.delete(hashSecret(challenge)),
  }
}
