import { AsyncLocalStorage } from 'node:async_hooks'

const requests = new AsyncLocalStorage<string>()

/** Everything done in `work`, however late, knows the request it was done for. */
export function forRequest<Result>(requestId: string, work: () => Result): Result {
  return requests.run(requestId, work)
}

/**
 * Which request wanted what an instance is being brought to: the link from a line of the request log to the commands that followed.
 * In memory and for the log alone.
 */
export interface WishTrace {
  /** What is wanted of the instance changed just now. */
  note(instanceId: string): void
  requestOf(instanceId: string): string | null
  forget(instanceId: string): void
}

export function createWishTrace(): WishTrace {
  const known = new Map<string, string>()
  return {
    note(instanceId) {
      const requestId = requests.getStore()
      if (requestId) known.set(instanceId, requestId)
      else known.delete(instanceId)
    },
    requestOf: instanceId => known.get(instanceId) ?? null,
    forget: instanceId => void known.delete(instanceId),
  }
}
