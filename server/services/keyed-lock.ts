/** Lets one holder at a time have a key; the others wait in the order they came. Within this process alone. */
export interface KeyedLock {
  /** Gives the function that lets the next one in; calling it twice is the same as once. */
  acquire(key: string): Promise<() => void>
}

export function createKeyedLock(): KeyedLock {
  const lastOf = new Map<string, Promise<void>>()
  return {
    async acquire(key) {
      const before = lastOf.get(key)
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      lastOf.set(key, released)
      await before
      return () => {
        if (lastOf.get(key) === released) lastOf.delete(key)
        release()
      }
    },
  }
}
