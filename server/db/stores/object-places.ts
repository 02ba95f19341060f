import { and, asc, eq, gt, like, sql } from 'drizzle-orm'
import type { ObjectPlaces } from '../../ports'
import type { Database } from '../client'
import { objectPlaces } from '../schema'

/** Rows written in one statement; SQLite takes some 32,000 values. */
const BATCH = 1_000

export function createObjectPlaces(db: Database): ObjectPlaces {
  const found = db
    .select()
    .from(objectPlaces)
    .where(eq(objectPlaces.key, sql.placeholder('key')))
    .prepare()

  return {
    async find(key) {
      return found.get({ key })?.store
    },

    async put(place) {
      const { store, sizeBytes } = place
      db.insert(objectPlaces)
        .values(place)
        .onConflictDoUpdate({ target: objectPlaces.key, set: { store, sizeBytes } })
        .run()
    },

    async adopt(places) {
      let adopted = 0
      for (let start = 0; start < places.length; start += BATCH) {
        const part = places.slice(start, start + BATCH)
        adopted += db.insert(objectPlaces).values(part).onConflictDoNothing().run().changes
      }
      return adopted
    },

    async remove(key) {
      db.delete(objectPlaces).where(eq(objectPlaces.key, key)).run()
    },

    async list(prefix) {
      // Keys hold neither % nor \; an underscore matches more than itself, which the second condition takes back.
      return db
        .select()
        .from(objectPlaces)
        .where(
          and(like(objectPlaces.key, `${prefix}%`), sql`substr(${objectPlaces.key}, 1, ${prefix.length}) = ${prefix}`),
        )
        .orderBy(asc(objectPlaces.key))
        .all()
    },

    async next(store, after) {
      return db
        .select()
        .from(objectPlaces)
        .where(and(eq(objectPlaces.store, store), gt(objectPlaces.key, after)))
        .orderBy(asc(objectPlaces.key))
        .limit(1)
        .get()
    },

    async amounts() {
      const amounts = { disk: { objects: 0, bytes: 0 }, s3: { objects: 0, bytes: 0 } }
      const rows = db
        .select({
          store: objectPlaces.store,
          objects: sql<number>`count(*)`,
          bytes: sql<number>`sum(${objectPlaces.sizeBytes})`,
        })
        .from(objectPlaces)
        .groupBy(objectPlaces.store)
        .all()
      for (const { store, ...amount } of rows) amounts[store] = amount
      return amounts
    },
  }
}
