import { ERRORS } from '../../shared/errors'
import type { ErrorCode } from '../../shared/errors'
import type { ListedRoute } from './route-list'

/** The document's words for everything a route may refuse with: what follows from how it is defined, and what it says itself. */
export function expectedErrors({ method, endpoint }: ListedRoute): ErrorCode[] {
  const { permission, scope, params, body, revision, errors = [] } = endpoint
  const isRead = method === 'get' || method === 'head'
  const following: (ErrorCode | false)[] = [
    // A query that nobody knows is refused everywhere; a bad token as well, even where none is needed.
    'VALIDATION_FAILED',
    'UNAUTHENTICATED',
    'INTERNAL',
    'UNAVAILABLE',
    permission !== 'public' && permission !== 'account.self' && 'FORBIDDEN',
    permission !== 'public' && permission !== 'account.self' && 'TOTP_MISSING',
    (params !== undefined || scope === 'instance') && 'NOT_FOUND',
    !isRead && 'ORIGIN_REFUSED',
    !isRead && 'DISK_FULL',
    !isRead && body !== 'stream' && 'BAD_REQUEST',
    !isRead && body !== 'stream' && 'PAYLOAD_TOO_LARGE',
    !isRead && body !== 'stream' && 'UNSUPPORTED_MEDIA_TYPE',
    isIdempotent({ method, endpoint }) && 'IDEMPOTENCY_CONFLICT',
    revision === 'checked' && 'REVISION_CONFLICT',
  ]
  return [...new Set([...following.filter(code => code !== false), ...errors])].sort()
}

/** As `runEndpoint` decides it: who creates something as somebody may say it again. */
export function isIdempotent({ method, endpoint }: Pick<ListedRoute, 'method' | 'endpoint'>): boolean {
  return method === 'post' && endpoint.status === 201 && endpoint.body !== 'stream' && endpoint.permission !== 'public'
}

/** By HTTP status, in order. */
export function errorsByStatus(codes: readonly ErrorCode[]): [status: number, codes: ErrorCode[]][] {
  const byStatus = Map.groupBy(codes, code => ERRORS[code].status)
  return [...byStatus].sort(([one], [other]) => one - other)
}
