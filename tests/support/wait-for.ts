import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again until the answer is there. Undefined, null and false are "not yet"; what the question throws counts as not yet, too, and
 * is told when time is up.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== null && answer !== false) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline)
      throw new Error(
        `waited ${timeoutMs / 1_000} s for ${what}; last: ${last instanceof Error ? last.stack : String(last)}`,
      )
    await delay(50)
  }
}
