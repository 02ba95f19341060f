import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { safeReturnPath } from '../../shared/domain/return-path'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { RoleRule } from '../domain/oidc-claims'
import type { Clock, Ids, OidcProvider, PanelBus, SecretBox, UserStore } from '../ports'
import type { AccountService } from './account-service'
import type { LoginLimiter } from './login-limiter'
import { admitIdentity } from './oidc-accounts'
import type { Browser, SessionService, SignedIn } from './session-service'

export interface OidcService {
  /**
   * Where the browser goes, and what it keeps meanwhile: a sealed note that only comes back from this browser, so that
   * nobody can be signed in with an answer that somebody else got. OIDC_UNAVAILABLE.
   *
   * @param callback own address that the issuer sends the browser back to
   * @param returnTo where the person wanted to go; anything but a path of the panel becomes `/`
   */
  begin(wanted: { callback: URL; returnTo: string | undefined }): Promise<{ to: URL; note: string }>
  /**
   * OIDC_REFUSED for an answer without its note, of another browser, too late, twice, or one that the issuer did not
   * give; OIDC_NO_ROLE, ACCOUNT_DISABLED, OIDC_UNAVAILABLE, TOO_MANY_REQUESTS.
   *
   * @param query of the address that the browser came back to
   */
  finish(
    answer: { query: URLSearchParams; note: string | undefined } & Browser,
  ): Promise<SignedIn & { returnTo: string; issuer: string }>
}

const noteContent = z.object({
  kind: z.literal('oidc-sign-in'),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  callback: z.string(),
  returnTo: z.string(),
  until: z.number(),
})

export function createOidcService(deps: {
  provider: OidcProvider
  role: RoleRule
  users: UserStore
  accounts: Pick<AccountService, 'needsSetup'>
  sessions: Pick<SessionService, 'open'>
  limiter: LoginLimiter
  secrets: SecretBox
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): OidcService {
  const { provider, users, accounts, sessions, limiter, secrets, panel, clock, ids } = deps
  /** Notes that came back, until they would be too old anyway: each is good for one answer. */
  const spent = new Map<string, number>()

  function takeNote(sealed: string | undefined, state: string | null): z.output<typeof noteContent> {
    const note = openNote(secrets, sealed)
    if (!note || note.state !== state)
      throw refused(
        'This browser did not begin this sign-in, or began another one since. Start again, at the address where Strata is meant to be opened.',
      )
    const now = clock.now()
    if (note.until < now) throw refused('The sign-in took too long. Start again.')
    for (const [known, until] of spent) if (until < now) spent.delete(known)
    const key = createHash('sha256').update(note.state).digest('base64url')
    if (spent.has(key)) throw refused('This answer was used already. Start again.')
    spent.set(key, note.until)
    return note
  }

  return {
    async begin({ callback, returnTo }) {
      const [state, nonce, verifier] = [random(), random(), random()]
      const to = await provider.authorizationUrl({ redirectUri: callback.href, state, nonce, verifier })
      const note: z.output<typeof noteContent> = {
        kind: 'oidc-sign-in',
        state,
        nonce,
        verifier,
        callback: callback.href,
        returnTo: safeReturnPath(returnTo),
        until: clock.now() + POLICY.oidc.signInMs,
      }
      return { to, note: secrets.seal(JSON.stringify(note)) }
    },
    async finish({ query, note: sealed, ...browser }) {
      const note = takeNote(sealed, query.get('state'))
      return limiter.attempt({ username: ' oidc', address: browser.address }, async () => {
        const answer = new URL(note.callback)
        answer.search = query.toString()
        const identity = await provider.identify(answer, note)
        // Only who holds the set-up link may be the first: there must be an admin who can come in when the issuer is away.
        if (accounts.needsSetup())
          throw new AppError('OIDC_NO_ROLE', 'Strata is not set up yet. Open the set-up link that the brain printed.')
        const { user, roleChanged } = await admitIdentity({ users, clock, ids }, identity, deps.role)
        if (roleChanged) panel.endSessions({ userId: user.id })
        const signedIn = await sessions.open(user, browser, POLICY.oidc.sessionMs)
        return { ...signedIn, returnTo: note.returnTo, issuer: identity.issuer }
      })
    },
  }
}

function openNote(secrets: SecretBox, sealed: string | undefined): z.output<typeof noteContent> | undefined {
  if (sealed === undefined) return undefined
  try {
    return noteContent.safeParse(JSON.parse(secrets.open(sealed))).data
  } catch {
    // Not sealed by this brain: an old cookie, or a made-up one.
    return undefined
  }
}

/** 256 bits as RFC 7636 wants a verifier; more than OpenID Connect asks of state and nonce. */
function random(): string {
  return randomBytes(32).toString('base64url')
}

function refused(detail: string): AppError {
  return new AppError('OIDC_REFUSED', detail)
}
