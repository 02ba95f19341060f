import type { User } from '../../shared/schemas/account'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { viewGrants } from '../domain/grant-view'
import type { Clock, Ids, PanelBus, PasswordHasher, Principal, SessionStore, UserRecord, UserStore } from '../ports'
import type { LoginChallenges } from './login-challenges'
import type { LoginLimiter } from './login-limiter'
import { hashSecret } from './secret-hash'
import type { TotpService } from './totp-service'

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
   * the right words of an account that is out of use; TOTP_NEEDED, with a challenge, for the right words of one that has
   * one-time codes; LOCAL_SIGN_IN_OFF for everybody where passwords are not taken.
   */
  login(given: { username: string; password: string } & Browser): Promise<SignedIn>
  /** The second step: the challenge of the first, and a code of the app or a recovery code. TOTP_WRONG. */
  loginWithCode(given: { challenge: string; code: string } & Browser): Promise<SignedIn & { by: 'app' | 'recovery' }>
  /**
   * Signs in somebody who just proved who they are in another way (set-up, an issuer).
   *
   * @param lifetimeMs how long, when that is not as long as after a password
   */
  open(user: UserRecord, browser: Browser, lifetimeMs?: number): Promise<SignedIn>
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
  totp: Pick<TotpService, 'use' | 'isMissing'>
  challenges: LoginChallenges
  localSignIn: boolean
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): SessionService {
  const { users, sessions, passwords, limiter, totp, challenges, localSignIn, panel, clock, ids } = deps
  let nobodysHash = ''

  function principalOf(user: UserRecord, sessionId: string): Principal {
    const actor = { kind: 'user' as const, id: user.id, name: user.username }
    const principal = { actor, grants: user.grants, sessionId, userId: user.id }
    // Without grants, so that whoever forgets to ask for `mustAddTotp` gives nothing away.
    return totp.isMissing(user) ? { ...principal, grants: [], mustAddTotp: true } : principal
  }

  async function open(
    user: UserRecord,
    { address, userAgent }: Browser,
    lifetimeMs: number = POLICY.session.lifetimeMs,
  ): Promise<SignedIn> {
    const now = clock.now()
    const secret = ids.secret()
    const session = {
      id: ids.entity(),
      secretHash: hashSecret(secret),
      userId: user.id,
      address,
      userAgent: userAgent?.slice(0, POLICY.session.userAgentCharacters) ?? null,
      createdAt: now,
      expiresAt: now + lifetimeMs,
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
      if (!localSignIn) await sessions.endLocal()
    },
    async login({ username, password, ...browser }) {
      if (!localSignIn) throw localIsOff()
      const user = await limiter.attempt({ username, address: browser.address }, async () => {
        const found = await users.findByName(username)
        const isRight = await passwords.verify(found?.passwordHash || nobodysHash, password)
        if (!found?.passwordHash || !isRight) throw loginFailed()
        if (found.disabledAt !== null)
          throw new AppError('ACCOUNT_DISABLED', 'This account is disabled. An admin can enable it again.')
        return found
      })
      if (!user.hasTotp) return open(user, browser)
      throw new AppError(
        'TOTP_NEEDED',
        'The password is right. Now the code that your app shows, or a recovery code.',
        {
          challenge: challenges.issue({ userId: user.id, passwordHash: user.passwordHash }),
        },
      )
    },
    async loginWithCode({ challenge, code, ...browser }) {
      if (!localSignIn) throw localIsOff()
      const proof = challenges.tried(challenge)
      const user = await users.find(proof.userId)
      if (user?.passwordHash !== proof.passwordHash) throw loginFailed()
      const by = await totp.use(user, code)
      if (!challenges.spend(challenge)) throw loginFailed()
      return { ...(await open(user, browser)), by }
    },
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

/** What others see of an account. */
export function presentUser(user: UserRecord): User {
  return { id: user.id, username: user.username, ...viewGrants(user.grants) }
}

function localIsOff(): AppError {
  return new AppError(
    'LOCAL_SIGN_IN_OFF',
    'Strata takes no passwords here (STRATA_LOCAL_SIGN_IN=off). Sign in with the button of the sign-in page.',
  )
}

function loginFailed(): AppError {
  return new AppError(
    'LOGIN_FAILED',
    'No account has this name and password. Check both; an admin can set a new password.',
  )
}
