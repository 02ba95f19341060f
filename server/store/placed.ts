import { AppError, isAppError } from '../../shared/errors'
import { otherStore } from '../../shared/schemas/store'
import type { StoreName } from '../../shared/schemas/store'
import type { ObjectPlaces, ObjectStore } from '../ports'

export type Drivers = { disk: ObjectStore; s3: ObjectStore | null }

/**
 * The object store that services use: each object is read where it is, new ones go where they should. While objects move
 * from one driver to the other nobody notices: a reader that looked in the old place a moment too late looks in the other.
 */
export interface PlacedStore extends ObjectStore {
  /** From now on new objects go there. */
  writeTo(store: StoreName): void
}

export function createPlacedStore(drivers: Drivers, places: ObjectPlaces): PlacedStore {
  let target: StoreName = 'disk'

  function driverOf(store: StoreName): ObjectStore {
    const driver = drivers[store]
    if (!driver)
      throw new AppError('STORE_REFUSED', 'This needs the bucket, but no STRATA_S3_ settings were given to the brain.')
    return driver
  }

  /** Asks the driver that should have it, then the other: the list may be older than the bytes. */
  async function ask<Result>(
    key: string,
    attempt: (driver: ObjectStore) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    const expected = (await places.find(key)) ?? target
    const result = await attempt(driverOf(expected))
    const other = drivers[otherStore(expected)]
    if (result !== undefined || !other) return result
    const elsewhere = await attempt(other)
    const sizeBytes = elsewhere === undefined ? undefined : (await other.stat(key))?.sizeBytes
    if (sizeBytes !== undefined) await places.put({ key, store: other.driver, sizeBytes })
    return elsewhere
  }

  return {
    get driver() {
      return target
    },

    writeTo(store) {
      driverOf(store)
      target = store
    },

    async putStream(source, finish) {
      const store = target
      let before: StoreName | undefined
      let key: string | undefined
      try {
        const written = await driverOf(store).putStream(source, async facts => {
          const chosen = await finish(facts)
          before = await places.find(chosen.key)
          // Before the object appears: what is not on the list is never found again by those who tidy.
          if (before === undefined) await places.put({ key: chosen.key, store, sizeBytes: facts.sizeBytes })
          key = chosen.key
          return chosen
        })
        await places.put({ key: written.key, store, sizeBytes: written.sizeBytes })
        // The same bytes again, but in the other store: the older copy serves nobody. If it stays, it only takes room.
        if (before !== undefined && before !== store) await drivers[before]?.remove(written.key).catch(() => undefined)
        return written
      } catch (error) {
        if (key !== undefined && before === undefined) await places.remove(key)
        throw error
      }
    },

    async get(key, range) {
      const found = await ask(key, driver => driver.get(key, range).catch(undefinedIfMissing))
      if (!found) throw new AppError('NOT_FOUND', `The object store holds no "${key}".`)
      return found
    },

    stat: key => ask(key, driver => driver.stat(key)),

    async remove(key) {
      const store = await places.find(key)
      if (store) await driverOf(store).remove(key)
      await places.remove(key)
      // A copy that an interrupted move left in the other store.
      if (store) await drivers[otherStore(store)]?.remove(key).catch(() => undefined)
    },

    async *list(prefix) {
      for (const { key, sizeBytes } of await places.list(prefix)) yield { key, sizeBytes }
    },

    async signedUrl(key, options) {
      return driverOf((await places.find(key)) ?? target).signedUrl(key, options)
    },
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (isAppError(error) && error.code === 'NOT_FOUND') return undefined
  throw error
}
