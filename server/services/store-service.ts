import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { otherStore, storeName } from '../../shared/schemas/store'
import type { StoreName, StoreTest, StoreView } from '../../shared/schemas/store'
import type { Operation } from '../../shared/schemas/operation'
import { chooseStore } from '../domain/store-choice'
import type { BucketName } from '../domain/store-choice'
import type { Clock, FactStore, ObjectPlaces, ObjectStore, Principal } from '../ports'
import type { KeyedLock } from './keyed-lock'
import { moveObjects } from './object-move'
import type { OperationService, RunningOperation } from './operation-service'
import type { ServiceLog } from './service-log'

export interface StoreService {
  /**
   * Finds out which store is the brain's, by the settings and by what the database remembers. Throws what `refuse` makes
   * of a contradiction between the two.
   */
  start(): Promise<void>
  view(): Promise<StoreView>
  /** Tries everything Strata does with a store. Left out: the one in use. STORE_REFUSED without a bucket. */
  test(store?: StoreName): Promise<StoreTest>
  /**
   * Begins to move all objects into `to`; afterwards it is the store in use. While it lasts everything goes on, and new
   * objects go there already. CONFLICT while a move runs, or when there is nothing to move and it is in use.
   */
  move(by: Pick<Principal, 'actor'>, to: StoreName): Promise<Operation>
}

export interface StoreServiceDeps {
  drivers: { disk: ObjectStore; s3: ObjectStore | null }
  /** Removes what uploads of a brain that died left in the bucket, if there is one. */
  tidyBucket(): Promise<void>
  writeTo(store: StoreName): void
  places: ObjectPlaces
  facts: FactStore
  blobLock: KeyedLock
  operations: OperationService
  test(store: ObjectStore): Promise<StoreTest>
  setting: StoreName | null
  /** The bucket as admins may see it: without its keys. */
  bucket: (BucketName & Omit<NonNullable<StoreView['s3']>, 'objects' | 'bytes'>) | null
  folder: string
  refuse(fault: string): Error
  clock: Pick<Clock, 'now'>
  log: ServiceLog
}

const KIND = 'store.move'
const SUBJECT = { kind: 'store', id: 'objects' } as const
const CURRENT = 'store.current'
const BUCKET = 'store.bucket'
const bucketName = z.object({ bucket: z.string(), prefix: z.string() })
const moveInput = z.object({ to: storeName })

export function createStoreService(deps: StoreServiceDeps): StoreService {
  const { drivers, places, facts, operations, bucket, setting, clock, log } = deps
  let current: StoreName = 'disk'

  function driverOf(store: StoreName) {
    const driver = drivers[store]
    if (!driver) {
      throw new AppError(
        'STORE_REFUSED',
        'The brain was told of no bucket. Start it with the STRATA_S3_ settings (docs/operations.md), then try again.',
      )
    }
    return driver
  }

  async function use(store: StoreName): Promise<void> {
    await facts.write(CURRENT, store, clock.now())
    current = store
    deps.writeTo(store)
  }

  async function noteBucket(): Promise<void> {
    if (bucket) await facts.write(BUCKET, bucketName.parse(bucket), clock.now())
  }

  async function carryOut(operation: RunningOperation): Promise<Operation['result']> {
    const { to } = moveInput.parse(operation.input)
    await noteBucket()
    try {
      deps.writeTo(to)
      const all = { disk: driverOf('disk'), s3: driverOf('s3') }
      const moved = await moveObjects({ drivers: all, places, blobLock: deps.blobLock }, to, operation)
      await use(to)
      return { ...moved, from: otherStore(to), to }
    } finally {
      deps.writeTo(current)
    }
  }
  operations.resumable(KIND, carryOut)

  return {
    async start() {
      const onDisk = []
      for await (const object of drivers.disk.list('')) onDisk.push({ ...object, store: 'disk' as const })
      await places.adopt(onDisk)
      const amounts = await places.amounts()
      const choice = chooseStore({
        setting,
        remembered: await facts.read(CURRENT, storeName),
        objects: { disk: amounts.disk.objects, s3: amounts.s3.objects },
        bucket,
        usedBucket: await facts.read(BUCKET, bucketName),
      })
      if ('fault' in choice) throw deps.refuse(choice.fault)
      if (choice.current === 's3') await noteBucket()
      await use(choice.current)
      deps.tidyBucket().catch((error: unknown) => {
        log.warn(
          { err: error },
          'The bucket could not be tidied of what uploads left; it is tried again at the next start',
        )
      })
    },

    async view() {
      const amounts = await places.amounts()
      const { items } = await operations.list({ active: true, kind: KIND, limit: 1 })
      return {
        current,
        setting,
        disk: { ...amounts.disk, folder: deps.folder },
        s3: bucket && { ...bucket, ...amounts.s3 },
        move: items[0] ?? null,
      }
    },

    test: async store => deps.test(driverOf(store ?? current)),

    async move(by, to) {
      driverOf(to)
      driverOf(otherStore(to))
      const left = (await places.amounts())[otherStore(to)].objects
      if (to === current && left === 0)
        throw new AppError('CONFLICT', `All objects are in ${to} already; there is nothing to move.`)
      return operations.start(
        { kind: KIND, subject: { ...SUBJECT, name: to }, by: by.actor, needs: 'settings.manage', input: { to } },
        carryOut,
      )
    },
  }
}
