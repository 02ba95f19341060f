import type { Database } from '../db/client'
import { createFactStore } from '../db/stores/facts'
import { createObjectPlaces } from '../db/stores/object-places'
import type { Clock, ObjectStore } from '../ports'
import { createKeyedLock } from '../services/keyed-lock'
import type { OperationService } from '../services/operation-service'
import { createStoreService } from '../services/store-service'
import { openDiskStore } from '../store/disk'
import { createPlacedStore } from '../store/placed'
import { openS3Store } from '../store/s3'
import { testStore } from '../store/test-store'
import type { Log } from './log'
import { SettingsError } from './settings'
import type { Settings } from './settings'

/** Where archives are kept, wired: both stores as far as they are known, which object is where, and the way to move them. */
export function openObjects(deps: {
  settings: Settings
  folder: string
  urlSecret: Buffer
  db: Database
  operations: OperationService
  /** Where the brain itself can be reached. */
  ownUrl: () => URL
  /** Wraps a driver so that its work is measured. */
  count: (driver: ObjectStore) => ObjectStore
  clock: Clock
  log: Log
}) {
  const { settings, folder, urlSecret, db, operations, clock, log } = deps
  const { store: setting, s3: place } = settings
  const places = createObjectPlaces(db)
  const blobLock = createKeyedLock()
  const facts = createFactStore(db)
  const s3 = place && openS3Store({ place, clock })
  const drivers = {
    disk: deps.count(openDiskStore({ root: folder, urlSecret, clock })),
    s3: s3 && deps.count(s3),
  }
  const objects = createPlacedStore(drivers, places)
  const stores = createStoreService({
    drivers,
    tidyBucket: async () => s3?.tidy(),
    writeTo: store => objects.writeTo(store),
    places,
    facts,
    blobLock,
    operations,
    test: store => testStore(store, deps.ownUrl()),
    setting,
    bucket: place && {
      endpoint: place.endpoint?.origin ?? null,
      publicEndpoint: place.publicEndpoint?.origin ?? null,
      region: place.region,
      bucket: place.bucket,
      prefix: place.prefix,
    },
    folder,
    refuse: fault => new SettingsError([fault]),
    clock,
    log,
  })
  return { objects, stores, blobLock, facts, close: () => s3?.close() }
}
