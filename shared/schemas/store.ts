import { z } from 'zod'
import { operation } from './operation'

/** The two kinds of object store: the brain's own disk, and a bucket of any S3 API. */
export const storeName = z.enum(['disk', 's3'])
export type StoreName = z.output<typeof storeName>
export const otherStore = (store: StoreName): StoreName => (store === 'disk' ? 's3' : 'disk')

const amount = { objects: z.int(), bytes: z.number() }

/** Where the archives of templates and their indexes are. */
export const storeView = z.object({
  /** Where new objects go. */
  current: storeName,
  /** What STRATA_STORE says; null: nothing. */
  setting: storeName.nullable(),
  disk: z.object({ ...amount, folder: z.string() }),
  /** null: the brain was told of no bucket. */
  s3: z
    .object({
      ...amount,
      endpoint: z.string().nullable(),
      publicEndpoint: z.string().nullable(),
      region: z.string(),
      bucket: z.string(),
      prefix: z.string(),
    })
    .nullable(),
  /** The move that is under way. */
  move: operation.nullable(),
})
export type StoreView = z.output<typeof storeView>

export const STORE_TEST_STEPS = ['put', 'get', 'compare', 'multipart', 'presign', 'range', 'delete'] as const
export const storeTest = z.object({
  store: storeName,
  passed: z.boolean(),
  steps: z.array(
    z.object({
      name: z.enum(STORE_TEST_STEPS),
      outcome: z.enum(['passed', 'failed', 'skipped']),
      ms: z.int(),
      /** What was done and found, or what went wrong and what to do. */
      message: z.string(),
    }),
  ),
})
export type StoreTest = z.output<typeof storeTest>

export const testStoreBody = z.strictObject({ store: storeName.optional() })
export const moveStoreBody = z.strictObject({ to: storeName })
