import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../shared/errors'
import type { Brain } from '../brain/create-brain'
import type { Principal } from '../ports'
import { readSessionSecret } from './session-cookie'

/**
 * Who sends these headers: an API token (`Authorization: Bearer strata_…`) before a session cookie; null for nobody.
 * For HTTP requests and for the handshake of a panel's socket. UNAUTHENTICATED for a token that is not good, because
 * its sender believes to be somebody; a cookie that is not good is only an old cookie.
 */
export async function principalFromHeaders(brain: Brain, headers: IncomingHttpHeaders): Promise<Principal | null> {
  const bearer = bearerOf(headers)
  if (bearer !== undefined) return brain.tokens.authenticate(bearer)
  const secret = await readSessionSecret(brain, headers.cookie)
  return (secret && (await brain.sessions.authenticate(secret))) || null
}

/** The bearer token, or undefined without an Authorization header. UNAUTHENTICATED for another scheme. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  const token = /^Bearer +([\w.~+/=-]{1,200})$/i.exec(authorization.trim())?.[1]
  if (!token) throw new AppError('UNAUTHENTICATED', 'The Authorization header must read "Bearer strata_…".')
  return token
}
