import { AppError, isAppError } from '../shared/errors'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

/**
 * Gives an error of the file system a code people can act on: a full disk becomes DISK_FULL, everything else stays
 * what it was.
 *
 * @param doing what was being done, as in "fetching layer hello-base@1.0.0"
 */
export function diskError(error: unknown, doing: string): unknown {
  if (isAppError(error) || !isFullDisk(error)) return error
  return new AppError(
    'DISK_FULL',
    `The node's disk is full while ${doing}. What was half done was removed; free some space (empty the layer cache, for one) and try again.`,
    { cause: error },
  )
}

/** Also of a program that was run and said so. */
export function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  const said = 'stderr' in error ? String(error.stderr) : ''
  return FULL.has(code) || /No space left on device|Disk quota exceeded/.test(said)
}
