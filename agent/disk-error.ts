import { AppError, isAppError } from '../shared/errors'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

/**
 * Gives an error of the file system a code people can act on: a full disk becomes DISK_FULL, everything else stays
 * what it was.
 *
 * @param doing what was being done, as in "fetching layer hello-base@1.0.0"
 */
export function diskError(error: unknown, doing: string): unknown {
  if (isAppError(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!FULL.has(code)) return error
  return new AppError('DISK_FULL', `The node's disk is full while ${doing}. What was half done was removed; free some space (empty the layer cache, for one) and try again.`, { cause: error })
}
