import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { Clock, IdempotencyStore, SecretBox } from '../ports'

const keptAnswer = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() })
export type KeptAnswer = z.output<typeof keptAnswer>

export interface IdempotencyService {
  /**
   * Runs a creation once per owner and key. Asked again, also while the first is at work, it gives the answer of
   * the first. IDEMPOTENCY_CONFLICT for the key of another request, and for one that was begun and never ended.
   * What failed may be tried again with the same key.
   */
  once(
    request: { owner: string; key: string; requestHash: string },
    run: () => Promise<KeptAnswer>,
  ): Promise<KeptAnswer>
  forgetOld(): Promise<number>
}

export function createIdempotencyService(deps: {
  store: IdempotencyStore
  secretBox: SecretBox
  clock: Clock
}): IdempotencyService {
  const { store, secretBox, clock } = deps
  const running = new Map<string, { requestHash: string; answer: Promise<KeptAnswer> }>()

  async function runOnce(
    request: { owner: string; key: string; requestHash: string },
    run: () => Promise<KeptAnswer>,
  ): Promise<KeptAnswer> {
    const known = await store.begin({ ...request, at: clock.now() })
    if (known) {
      if (known.requestHash !== request.requestHash) throw otherRequest()
      if (known.answer === null) {
        throw new AppError(
          'IDEMPOTENCY_CONFLICT',
          'A request with this Idempotency-Key was begun, and the brain stopped before it ended. Look whether it took effect; then use a new key.',
        )
      }
      return keptAnswer.parse(JSON.parse(secretBox.open(known.answer)))
    }
    let answer: KeptAnswer
    try {
      answer = await run()
    } catch (error) {
      await store.forget(request.owner, request.key)
      throw error
    }
    await store.finish(request.owner, request.key, secretBox.seal(JSON.stringify(answer)))
    return answer
  }

  return {
    async once(request, run) {
      const slot = JSON.stringify([request.owner, request.key])
      const present = running.get(slot)
      if (present) {
        if (present.requestHash !== request.requestHash) throw otherRequest()
        return present.answer
      }
      const answer = runOnce(request, run)
      running.set(slot, { requestHash: request.requestHash, answer })
      try {
        return await answer
      } finally {
        running.delete(slot)
      }
    },
    forgetOld: () => store.removeOlder(clock.now() - POLICY.http.idempotencyKeptMs),
  }
}

function otherRequest(): AppError {
  return new AppError(
    'IDEMPOTENCY_CONFLICT',
    'This Idempotency-Key was used for a request with another body. Use a new key for a new request.',
  )
}
