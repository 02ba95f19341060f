import { AppError } from '../../shared/errors'

const KEY = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/
const MAX_KEY_LENGTH = 512

/** Lower-case parts between slashes, none beginning with a dot: fit for a file path and for any S3 API. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && KEY.test(key)
}

/** NOT_FOUND for what cannot be a key: nothing can be stored there. */
export function requireObjectKey(key: string): string {
  if (!isObjectKey(key)) throw new AppError('NOT_FOUND', `"${key.slice(0, 80)}" is not the key of an object.`)
  return key
}
