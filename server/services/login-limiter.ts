import { isIPv6 } from 'node:net'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { POLICY } from '../../shared/domain/policy'
import { AppError, isAppError } from '../../shared/errors'

export interface LoginLimiter {
  /**
   * Runs one try to sign in, unless this name from this address, or this address with whatever names, failed
   * too often: then TOO_MANY_REQUESTS without trying, so that the right password waits as well. Tries
   * from one address run one after another: a hundred at once count as a hundred.
   */
  attempt<Result>(who: { username: string; address: string }, run: () => Promise<Result>): Promise<Result>
}

const { freeFailures, addressFailures, failuresKeptMs, slowdownMs } = POLICY.login

/** Kept in memory: whoever can restart the brain needs no guessing. */
export function createLoginLimiter(): LoginLimiter {
  const byName = new RateLimiterMemory({ keyPrefix: 'name', points: freeFailures, duration: failuresKeptMs / 1_000 })
  const byAddress = new RateLimiterMemory({
    keyPrefix: 'address',
    points: addressFailures,
    duration: failuresKeptMs / 1_000,
  })
  const queues = new Map<string, { tail: Promise<unknown>; waiting: number }>()

  async function refuseWhileSlowed(limiter: RateLimiterMemory, key: string): Promise<void> {
    const state = await limiter.get(key)
    if (state && state.consumedPoints > limiter.points) throw slowedDown(state.msBeforeNext)
  }

  async function countFailure(limiter: RateLimiterMemory, key: string): Promise<void> {
    const state = await limiter.penalty(key)
    if (state.consumedPoints >= limiter.points) await limiter.block(key, slowdownMs / 1_000)
  }

  async function tryOnce<Result>(nameKey: string, source: string, run: () => Promise<Result>): Promise<Result> {
    await refuseWhileSlowed(byAddress, source)
    await refuseWhileSlowed(byName, nameKey)
    try {
      const result = await run()
      await byName.delete(nameKey)
      return result
    } catch (error) {
      if (isAppError(error) && error.status === 401) {
        await countFailure(byName, nameKey)
        await countFailure(byAddress, source)
      }
      throw error
    }
  }

  return {
    async attempt({ username, address }, run) {
      const source = sourceOf(address)
      const queue = queues.get(source) ?? { tail: Promise.resolve(), waiting: 0 }
      if (queue.waiting >= addressFailures) throw slowedDown(1_000)
      queue.waiting += 1
      const turn = queue.tail.then(() => tryOnce(`${username.toLowerCase()}\n${source}`, source, run))
      // The next one waits for the end of this try, whichever it is; its outcome goes to its own caller.
      queue.tail = turn.then(
        () => {},
        () => {},
      )
      queues.set(source, queue)
      try {
        return await turn
      } finally {
        queue.waiting -= 1
        if (queue.waiting === 0) queues.delete(source)
      }
    },
  }
}

/** Who shares a limit: an IPv4 address; of IPv6 the /64, because one customer usually has that many. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')}::/64`
}

function slowedDown(waitMs: number): AppError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new AppError(
    'TOO_MANY_REQUESTS',
    `Signing in failed too often. Wait ${retryAfterSeconds} seconds, then try again; until then the right password is refused too.`,
    { retryAfterSeconds },
  )
}
