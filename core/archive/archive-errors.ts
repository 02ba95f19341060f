import { AppError } from '../../shared/errors'
import type { ErrorCode } from '../../shared/errors'

/** Shows a path of an archive in a message: control characters escaped, long ones shortened. */
export function showPath(path: string): string {
  const visible = path.replace(/[\p{Cc}\uFFFD]/gu, char => {
    return `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`
  })
  return visible.length > 200 ? `${visible.slice(0, 150)}…${visible.slice(-40)}` : visible
}

/** An error that names the entry at fault, in its sentence and as an issue. */
export function entryError(code: ErrorCode, path: string, message: string): AppError {
  const shown = showPath(path)
  return new AppError(code, `${shown}: ${message}`, { issues: [{ path: shown, message }] })
}

/** The bytes are not a whole archive. */
export function corrupt(detail: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_CORRUPT', detail, { cause })
}
