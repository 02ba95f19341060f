import { AppError } from '../../shared/errors'

const KEY = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/
const MAX_KEY_LENGTH = 512

/**
 * Where the bytes of a template version are. By content: two versions with the same bytes share one object.
 * The first two digits are a folder of their own, so that no folder grows with the number of objects.
 */
export function layerKey(sha256: string): string {
  return `layers/${sha256.slice(0, 2)}/${sha256}`
}

/** Where the index of an archive is: beside the archive, under the checksum of the archive. */
export function indexKey(sha256: string): string {
  return `indexes/${sha256.slice(0, 2)}/${sha256}`
}

/** Lower-case parts between slashes, none beginning with a dot: fit for a file path and for any S3 API. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && KEY.test(key)
}

/** NOT_FOUND for what cannot be a key: nothing can be stored there. */
export function requireObjectKey(key: string): string {
  if (!isObjectKey(key)) throw new AppError('NOT_FOUND', `"${key.slice(0, 80)}" is not the key of an object.`)
  return key
}
