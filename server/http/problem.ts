import { setResponseHeader, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import type { Problem } from '../../shared/schemas/status'
import { AppError, ERRORS, isAppError } from '../../shared/errors'
import { isFull, sqliteCause } from '../db/sqlite-error'
import { requestIdOf } from './request-id'

/** What a client is told of anything that was thrown. A defect tells nothing but where to look. */
export function toAppError(error: unknown, requestId: string): AppError {
  if (isAppError(error)) return error
  const sqlite = sqliteCause(error)?.code
  const system = error instanceof Error && 'code' in error ? error.code : undefined
  if (isFull(error) || system === 'ENOSPC' || system === 'EDQUOT') {
    return new AppError(
      'DISK_FULL',
      'The disk of the brain is full; nothing was changed. Make room in its data folder and try again.',
      { cause: error },
    )
  }
  if (sqlite?.startsWith('SQLITE_BUSY')) {
    return new AppError('UNAVAILABLE', 'The database is busy; nothing was changed. Try again.', {
      cause: error,
      retryAfterSeconds: 1,
    })
  }
  return new AppError(
    'INTERNAL',
    `The brain met an error that nobody foresaw. Its log says more under request ${requestId}.`,
    { cause: error },
  )
}

/** Status, headers and text of a problem document (RFC 9457). */
export function writeProblem(event: H3Event, error: AppError): string {
  const { status, title } = ERRORS[error.code]
  const problem: Problem = {
    type: `urn:strata:problem:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.detail,
    requestId: requestIdOf(event),
    ...(error.issues && { issues: error.issues }),
    ...(error.challenge && { challenge: error.challenge }),
  }
  setResponseStatus(event, status)
  setResponseHeader(event, 'content-type', 'application/problem+json; charset=utf-8')
  setResponseHeader(event, 'cache-control', 'no-store')
  if (error.retryAfterSeconds !== undefined) setResponseHeader(event, 'retry-after', error.retryAfterSeconds)
  if (status === 401) setResponseHeader(event, 'www-authenticate', 'Bearer')
  return JSON.stringify(problem)
}
