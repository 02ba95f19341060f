import { S3ServiceException } from '@aws-sdk/client-s3'
import { AppError, isAppError } from '../../shared/errors'
import { describePlace } from './s3-place'
import type { S3Place } from './s3-place'

/** True for "there is no such object", however the store says it. */
export function isMissingObject(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name !== 'NoSuchBucket' && error.$metadata.httpStatusCode === 404
}

/**
 * What went wrong between the brain and the bucket, in words: NOT_FOUND for a key that is not there, STORE_REFUSED when
 * somebody must change something, STORE_UNAVAILABLE when trying again later may help.
 */
export function asS3Error(error: unknown, place: S3Place, key?: string): AppError {
  if (isAppError(error)) return error
  if (key !== undefined && isMissingObject(error))
    return new AppError('NOT_FOUND', `The object store holds no "${key}".`, { cause: error })
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  if (status !== undefined && status < 500 && status !== 429) {
    return new AppError(
      'STORE_REFUSED',
      `The object store refused this in ${describePlace(place)}: ${wordsOf(error)}. Check the bucket, the keys and their rights (STRATA_S3_…), then try again.`,
      { cause: error },
    )
  }
  return new AppError(
    'STORE_UNAVAILABLE',
    `The object store does not answer as it should for ${describePlace(place)}: ${wordsOf(error)}. Check that it runs and that the brain reaches it, then try again.`,
    { cause: error, retryAfterSeconds: 5 },
  )
}

/** Name and sentence of what the store or the network said; a failed connection has several causes below it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const parts = error instanceof AggregateError ? error.errors.map(wordsOf) : [error.message]
  const text = [...new Set(parts.filter(Boolean))].join('; ').replace(/\.$/, '')
  return text && error.name !== 'Error' && !text.includes(error.name) ? `${error.name}: ${text}` : text || error.name
}
