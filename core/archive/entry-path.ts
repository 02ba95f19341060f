import { isUtf8 } from 'node:buffer'
import { isAppError } from '../../shared/errors'
import { entryError } from './archive-errors'
import type { ArchiveLimits } from './archive-limits'

type PathLimits = Pick<ArchiveLimits, 'pathBytes' | 'componentBytes' | 'depth'>

/**
 * The path of an entry as the index spells it: relative, without `.` and empty components. The root itself is the
 * empty string.
 *
 * @throws AppError PATH_ESCAPE, PATH_INVALID or PATH_TOO_LONG.
 */
export function entryPath(bytes: Buffer, limits: PathLimits): string {
  const path = decode(bytes)
  if (path === '') throw entryError('PATH_INVALID', '(no name)', 'an entry has an empty path')
  if (path.startsWith('/')) throw entryError('PATH_ESCAPE', path, 'is absolute; a relative path was needed')
  refuseForeignForms(path, message => entryError('PATH_ESCAPE', path, message))
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  if (parts.includes('..')) throw entryError('PATH_ESCAPE', path, 'climbs with ..')
  refuseLong(bytes, path, parts, limits)
  return parts.join('/')
}

/**
 * The target of a symbolic link, as it was written. Whether it leads out of the archive is judged later, when all
 * links are known; what can be seen from it alone is refused here.
 *
 * @throws AppError LINK_ESCAPE, PATH_INVALID or PATH_TOO_LONG.
 */
export function linkTarget(bytes: Buffer, path: string, limits: PathLimits): string {
  const target = decode(bytes)
  if (target === '') throw entryError('HEADER_INVALID', path, 'is a link to nothing')
  const escapes = (message: string) => entryError('LINK_ESCAPE', path, `links to ${target}: it ${message}`)
  if (target.startsWith('/')) {
    throw escapes('is absolute; make it relative, so that it stays inside the stack')
  }
  refuseForeignForms(target, escapes)
  refuseLong(bytes, target, target.split('/'), limits)
  return target
}

/**
 * The path that a hard link names: one of the archive's own, spelled as `entryPath` does.
 *
 * @throws AppError LINK_ESCAPE when it cannot be one, PATH_INVALID or PATH_TOO_LONG.
 */
export function hardLinkTarget(bytes: Buffer, path: string, limits: PathLimits): string {
  try {
    return entryPath(bytes, limits)
  } catch (error) {
    if (!isAppError(error) || error.code !== 'PATH_ESCAPE') throw error
    throw entryError('LINK_ESCAPE', path, `is a hard link to ${bytes.toString()}, outside the archive`)
  }
}

function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!isUtf8(bytes)) throw entryError('PATH_INVALID', text, 'is not UTF-8; pack the archive in a UTF-8 locale')
  if (/\p{Cc}/u.test(text)) {
    throw entryError('PATH_INVALID', text, 'holds a line break or another control character; rename it')
  }
  return text
}

/** Windows' way to write a path: harmless on Linux, and never what was meant. */
function refuseForeignForms(text: string, escapes: (message: string) => Error): void {
  if (!text.includes('\\') && !/^[A-Za-z]:\//.test(text)) return
  if (/^(?:[A-Za-z]:)?[\\/]/.test(text)) throw escapes('is absolute, in Windows’ spelling')
  if (text.split(/[\\/]/).includes('..')) throw escapes('climbs with .., in Windows’ spelling')
  throw entryError('PATH_INVALID', text, 'holds a backslash; pack the archive with / between folders')
}

function refuseLong(bytes: Buffer, text: string, parts: readonly string[], limits: PathLimits): void {
  const tooLong = (message: string) => entryError('PATH_TOO_LONG', text, message)
  if (bytes.length > limits.pathBytes) throw tooLong(`is longer than ${limits.pathBytes} bytes`)
  if (parts.length > limits.depth) throw tooLong(`is deeper than ${limits.depth} folders`)
  if (bytes.length <= limits.componentBytes) return
  if (parts.some(part => Buffer.byteLength(part) > limits.componentBytes)) {
    throw tooLong(`has a part of more than ${limits.componentBytes} bytes`)
  }
}
