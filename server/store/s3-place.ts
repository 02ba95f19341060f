import { S3Client } from '@aws-sdk/client-s3'
import { POLICY } from '../../shared/domain/policy'

/** A bucket, or a part of one, that belongs to one brain alone. */
export interface S3Place {
  /** null: Amazon's own, by region. */
  endpoint: URL | null
  /** The one that nodes and browsers see, when it is another. */
  publicEndpoint: URL | null
  region: string
  bucket: string
  /** Empty, or parts that each end with a slash: before every key. */
  prefix: string
  accessKeyId: string
  secretAccessKey: string
  /** The bucket in the path and not in the host name: what most stores but Amazon's want. */
  forcePathStyle: boolean
}

/** How patient the driver is; tests are less so. */
export interface S3Patience {
  connectMs: number
  idleMs: number
  /** For calls that make the store work on a whole object. */
  workMs: number
  attempts: number
}

/** How the place is called in messages: never with credentials. */
export function describePlace({ bucket, prefix, endpoint, region }: S3Place): string {
  return `the bucket ${bucket}${prefix && ` (${prefix})`} at ${endpoint?.host ?? `Amazon S3, ${region}`}`
}

/**
 * A client of the S3 API. Checksums of its own are left to the stores that demand them: many do not know them, and the
 * driver compares sha256 itself.
 */
export function createS3Client(
  place: S3Place,
  patience: S3Patience = POLICY.store,
  endpoint = place.endpoint,
): S3Client {
  return new S3Client({
    ...(endpoint && { endpoint: endpoint.origin }),
    region: place.region,
    forcePathStyle: place.forcePathStyle,
    credentials: { accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: patience.attempts,
    requestHandler: { connectionTimeout: patience.connectMs, socketTimeout: patience.idleMs },
  })
}
