import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../shared/errors'
import type { Keys } from '../brain/data-folder'
import type { Principal } from '../ports'
import type { SessionService } from '../services/session-service'
import type { TokenService } from '../services/token-service'
import { readSessionSecret } from './session-cookie'

/** What it takes to know somebody. The brain is one. */
export interface Authenticators {
  tokens: Pick<TokenService, 'authenticate'>
  sessions: Pick<SessionService, 'authenticate'>
  keys: Pick<Keys, 'session'>
}

/**
 * Who sends these headers: an API token (`Authorization: Bearer strata_…`) before a session cookie; null for nobody.
 * For HTTP requests and for the handshake of a panel's socket. UNAUTHENTICATED for a token that is not good, because
 * its sender believes to be somebody; a cookie that is not good is only an old cookie.
 */
export async function principalFromHeaders(
  by: Authenticators,
  headers: IncomingHttpHeaders,
): Promise<Principal | null> {
  const bearer = bearerOf(headers)
  if (bearer !== undefined) return by.tokens.authenticate(bearer)
  const secret = await readSessionSecret(by.keys.session, headers.cookie)
  return (secret && (await by.sessions.authenticate(secret))) || null
}

/** The bearer token, or undefined without an Authorization header. UNAUTHENTICATED for another scheme. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  const token = /^Bearer +([\w.~+/=-]{1,200})$/i.exec(authorization.trim())?.[1]
  if (!token) throw new AppError('UNAUTHENTICATED', 'The Authorization header must read "Bearer strata_…".')
  return token
}
