import { deleteCookie, getSession, sealSession, setCookie } from 'h3'
import type { H3Event, SessionConfig } from 'h3'
import { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import type { Brain } from '../brain/create-brain'
import { clientOf } from './event-brain'

export const SESSION_COOKIE = 'strata-session'

/** `secure` is what nuxt-auth-utils keeps from the page's scripts. */
const content = z.object({ secure: z.object({ secret: z.string().min(1) }) })

/** The sealed cookie of nuxt-auth-utils, made with the functions of h3 that it wraps: those also read the headers of a socket. */
function configOf(password: string): SessionConfig {
  return {
    name: SESSION_COOKIE,
    password,
    maxAge: POLICY.session.lifetimeMs / 1_000,
    sessionHeader: false,
  }
}

export function hasSessionCookie(cookieHeader: string | undefined): boolean {
  return cookieHeader?.split(';').some(pair => pair.trim().startsWith(`${SESSION_COOKIE}=`)) ?? false
}

/** The session's secret from a `Cookie` header, opened with the brain's session key; undefined without our cookie, and for one that this brain did not seal. */
export async function readSessionSecret(
  password: string,
  cookieHeader: string | undefined,
): Promise<string | undefined> {
  if (!cookieHeader || !hasSessionCookie(cookieHeader)) return undefined
  const session = await getSession(
    { headers: new Headers({ cookie: cookieHeader }), context: {} },
    configOf(password),
  ).catch(() => undefined)
  return content.safeParse(session?.data).data?.secure.secret
}

export async function writeSessionCookie(event: H3Event, brain: Brain, secret: string): Promise<void> {
  const config = configOf(brain.keys.session)
  const sessions = {
    [SESSION_COOKIE]: { id: crypto.randomUUID(), createdAt: Date.now(), data: { secure: { secret } } },
  }
  const sealed = await sealSession({ headers: new Headers(), context: { sessions } }, config)
  setCookie(event, SESSION_COOKIE, sealed, { ...cookieOptions(event, brain), maxAge: config.maxAge })
}

export function clearSessionCookie(event: H3Event, brain: Brain): void {
  deleteCookie(event, SESSION_COOKIE, cookieOptions(event, brain))
}

/** Behind https the cookie never travels in clear; in a LAN without it, a Secure cookie would sign nobody in. */
export function cookieOptions(event: H3Event, { settings }: Brain) {
  const isHttps = settings.publicUrl?.protocol === 'https:' || clientOf(event).isHttps
  return {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure: settings.cookieSecure === 'auto' ? isHttps : settings.cookieSecure === 'on',
  } as const
}
