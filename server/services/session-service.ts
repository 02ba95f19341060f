import type { User } from '../../shared/schemas/account'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { viewGrants } from '../domain/grant-view'
import type { Clock, Ids, PanelBus, PasswordHasher, Principal, SessionStore, UserRecord, UserStore } from '../ports'
import type { LoginLimiter } from './login-limiter'
import { hashSecret } from './secret-hash'

export interface SignedIn {
  user: User
  principal: Principal
  /** For the cookie; nowhere else. */
  secret: string
  expiresAt: number
}

/** Where somebody signs in. */
export interface Browser {
  address: string
  /** What it calls itself. */
  userAgent: string | null
}

export interface SessionService {
  /** Computes what an unknown name is compared with, so that it costs the same time as a known one. */
  start(): Promise<void>
  /**
   * LOGIN_FAILED for wrong words; TOO_MANY_REQUESTS while slowed down, even for the right password; ACCOUNT_DISABLED for
   * the right words of an account that is out of use.
   */
  login(given: { username: string; password: string } & Browser): Promise<SignedIn>
  /** Signs in somebody who just proved who they are in another way (set-up). */
  open(user: UserRecord, browser: Browser): Promise<SignedIn>
  /** Undefined for a secret nobody has: ended, expired or made up. */
  authenticate(secret: string): Promise<Principal | undefined>
  /** Ends one session; twice is the same as once. */
  end(sessionId: string): Promise<void>
}

export function createSessionService(deps: {
  users: UserStore
  sessions: SessionStore
  passwords: PasswordHasher
  limiter: LoginLimiter
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): SessionService {
  const { users, sessions, passwords, limiter, panel, clock, ids } = deps
  let nobodysHash = ''

  async function open(user: UserRecord, { address, userAgent }: Browser): Promise<SignedIn> {
    const now = clock.now()
    const secret = ids.secret()
    const session = {
      id: ids.entity(),
      secretHash: hashSecret(secret),
      userId: user.id,
      address,
      userAgent: userAgent?.slice(0, POLICY.session.userAgentCharacters) ?? null,
      createdAt: now,
      expiresAt: now + POLICY.session.lifetimeMs,
      lastSeenAt: now,
    }
    // The password may have been changed, or the account removed, while scrypt was at work.
    if (!(await sessions.create(session, user.passwordHash))) throw loginFailed()
    await users.signedIn(user.id, now)
    await sessions.removeExpired(now)
    return { user: presentUser(user), principal: principalOf(user, session.id), secret, expiresAt: session.expiresAt }
  }

  return {
    async start() {
      nobodysHash = await passwords.hash(ids.secret())
    },
    login: ({ username, password, ...browser }) =>
      limiter.attempt({ username, address: browser.address }, async () => {
        const user = await users.findByName(username)
        const isRight = await passwords.verify(user?.passwordHash ?? nobodysHash, password)
        if (!user || !isRight) throw loginFailed()
        if (user.disabledAt !== null)
          throw new AppError('ACCOUNT_DISABLED', 'This account is disabled. An admin can enable it again.')
        return open(user, browser)
      }),
    open,
    async authenticate(secret) {
      const now = clock.now()
      const found = await sessions.findBySecret(hashSecret(secret), now)
      if (!found) return undefined
      if (now - found.session.lastSeenAt > POLICY.session.seenEveryMs) await sessions.seen(found.session.id, now)
      return principalOf(found.user, found.session.id)
    },
    async end(sessionId) {
      await sessions.end(sessionId)
      panel.endSessions({ sessionId })
    },
  }
}

function principalOf(user: UserRecord, sessionId: string): Principal {
  return { actor: { kind: 'user', id: user.id, name: user.username }, grants: user.grants, sessionId, userId: user.id }
}

/** What others see of an account. */
export function presentUser(user: UserRecord): User {
  return { id: user.id, username: user.username, ...viewGrants(user.grants) }
}

function loginFailed(): AppError {
  return new AppError(
    'LOGIN_FAILED',
    'No account has this name and password. Check both; an admin can set a new password.',
  )
}
