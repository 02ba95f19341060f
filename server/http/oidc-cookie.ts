import { deleteCookie, getCookie, setCookie } from 'h3'
import type { H3Event } from 'h3'
import { POLICY } from '../../shared/domain/policy'
import type { Brain } from '../brain/create-brain'
import { cookieOptions } from './session-cookie'

const NAME = 'strata-oidc'
/** The way back from the issuer alone. */
const PATH = '/api/v1/auth/oidc'

/**
 * What a browser keeps while it is at the issuer. Lax, as the session's: the way back is a navigation from another site,
 * and on such a one Strict cookies stay at home.
 */
export function writeOidcNote(event: H3Event, brain: Brain, note: string): void {
  setCookie(event, NAME, note, { ...cookieOptions(event, brain), path: PATH, maxAge: POLICY.oidc.signInMs / 1_000 })
}

/** Once: it is forgotten at the same time. */
export function takeOidcNote(event: H3Event, brain: Brain): string | undefined {
  const note = getCookie(event, NAME)
  deleteCookie(event, NAME, { ...cookieOptions(event, brain), path: PATH })
  return note
}
