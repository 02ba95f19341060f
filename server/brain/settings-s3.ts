import { z } from 'zod'
import type { S3Place } from '../store/s3-place'
import { httpUrl, onOff } from './settings-values'

/** The part of the environment that says where a bucket is. */
export const s3Environment = {
  STRATA_S3_ENDPOINT: httpUrl.optional(),
  STRATA_S3_PUBLIC_ENDPOINT: httpUrl.optional(),
  STRATA_S3_REGION: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the name of a region, such as eu-central-1')
    .optional(),
  STRATA_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 of a-z, 0-9, dots and dashes')
    .optional(),
  STRATA_S3_PREFIX: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*\/?$/,
      'must be lower-case parts between slashes, such as strata/production',
    )
    .max(200, 'must have at most 200 characters')
    .optional(),
  STRATA_S3_ACCESS_KEY_ID: z.string().optional(),
  STRATA_S3_SECRET_ACCESS_KEY: z.string().optional(),
  STRATA_S3_FORCE_PATH_STYLE: onOff.optional(),
}
const NEEDED = ['STRATA_S3_BUCKET', 'STRATA_S3_ACCESS_KEY_ID', 'STRATA_S3_SECRET_ACCESS_KEY'] as const

/** Every fault of settings that are right each by itself: a bucket is told wholly or not at all. */
export function findS3Faults(values: Record<string, unknown>, isWanted: boolean): string[] {
  const isTold = Object.keys(s3Environment).some(name => values[name] !== undefined)
  if (!isTold && !isWanted) return []
  const why = isWanted ? 'STRATA_STORE=s3 needs it' : 'the other STRATA_S3_ settings are of no use without it'
  const faults = NEEDED.filter(name => values[name] === undefined).map(name => `${name}: is missing; ${why}`)
  if (values.STRATA_S3_ENDPOINT === undefined && values.STRATA_S3_REGION === undefined)
    faults.push(
      'STRATA_S3_ENDPOINT: is missing; say where the store is, or leave it out and set STRATA_S3_REGION for Amazon S3',
    )
  return faults
}

/** null: no bucket was told of. */
export function toS3Place(values: z.output<z.ZodObject<typeof s3Environment>>): S3Place | null {
  const { STRATA_S3_BUCKET: bucket, STRATA_S3_ACCESS_KEY_ID: accessKeyId } = values
  const { STRATA_S3_SECRET_ACCESS_KEY: secretAccessKey, STRATA_S3_PREFIX: prefix } = values
  if (bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined) return null
  const endpoint = values.STRATA_S3_ENDPOINT ?? null
  return {
    endpoint,
    publicEndpoint: values.STRATA_S3_PUBLIC_ENDPOINT ?? null,
    region: values.STRATA_S3_REGION ?? 'us-east-1',
    bucket,
    prefix: prefix === undefined ? '' : prefix.replace(/\/?$/, '/'),
    accessKeyId,
    secretAccessKey,
    forcePathStyle: values.STRATA_S3_FORCE_PATH_STYLE ?? endpoint !== null,
  }
}
