import type { StoreName } from '../../shared/schemas/store'

/** What makes a bucket the same bucket, whatever address leads to it. */
export interface BucketName {
  bucket: string
  prefix: string
}

export interface StoreChoice {
  /** What STRATA_STORE says. */
  setting: StoreName | null
  /** Where objects went until now, as the database remembers. */
  remembered: StoreName | undefined
  objects: Record<StoreName, number>
  /** The bucket of the settings, and the one that holds what is stored. */
  bucket: BucketName | null
  usedBucket: BucketName | undefined
}

const named = ({ bucket, prefix }: BucketName) => `${bucket}${prefix && ` (${prefix})`}`

/**
 * Where new objects go from this start on. While nothing is stored the setting decides; from then on only a move changes
 * it, and a setting that says otherwise is a fault: objects must never seem lost because somebody changed a word.
 */
export function chooseStore(choice: StoreChoice): { current: StoreName } | { fault: string } {
  const { setting, remembered, objects, bucket, usedBucket } = choice
  if (objects.s3 > 0 && !bucket) {
    return {
      fault: `STRATA_S3_BUCKET: is missing, but ${objects.s3} objects are in the bucket ${usedBucket ? named(usedBucket) : ''}. Set the STRATA_S3_ settings again`,
    }
  }
  if (objects.s3 > 0 && bucket && usedBucket && named(bucket) !== named(usedBucket)) {
    return {
      fault: `STRATA_S3_BUCKET: says ${named(bucket)}, but ${objects.s3} objects are in ${named(usedBucket)}. Name that one again; to use another, move the objects to disk first (panel: Settings)`,
    }
  }
  if (objects.disk + objects.s3 === 0) return { current: setting ?? (bucket ? (remembered ?? 'disk') : 'disk') }
  const current = remembered ?? 'disk'
  if (current === 's3' && !bucket)
    return { fault: 'STRATA_S3_BUCKET: is missing, but new objects go to s3. Set the STRATA_S3_ settings again' }
  if (setting === null || setting === current) return { current }
  return {
    fault: `STRATA_STORE: says ${setting}, but the objects of this brain are in ${current}. Set it to ${current} or leave it out; to change the store, start so${setting === 's3' ? ' with the STRATA_S3_ settings' : ''} and move the objects (panel: Settings)`,
  }
}
