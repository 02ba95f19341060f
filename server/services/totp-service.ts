import { strongestRole } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import type { TotpStatus } from '../../shared/schemas/sign-in'
import { AppError } from '../../shared/errors'
import type {
  Clock,
  PanelBus,
  PasswordHasher,
  Principal,
  SecretBox,
  SessionStore,
  TotpStore,
  UserRecord,
  UserStore,
} from '../ports'
import type { LoginLimiter } from './login-limiter'
import { requireBrowser } from './session-list'
import { hashRecoveryCode, newRecoveryCodes, newTotpSecret, stepOfCode } from './totp-codes'
import type { NewTotpSecret } from './totp-codes'

export type TotpRequired = 'none' | 'admins' | 'all'

export interface TotpService {
  status(principal: Principal): Promise<TotpStatus>
  /**
   * Makes a secret that counts once a code of it came back. Again within its time: another one, the first is void.
   * LOGIN_FAILED for a wrong password, CONFLICT for those who have codes already or no password.
   */
  enrol(principal: Principal, given: { password: string; address: string }): Promise<NewTotpSecret>
  /** The recovery codes, shown once. Ends one's other sessions. TOTP_WRONG; CONFLICT without a secret that waits. */
  confirm(principal: Principal, code: string): Promise<string[]>
  /** New recovery codes; the old ones are worth nothing from then on. TOTP_WRONG. */
  renewRecoveryCodes(principal: Principal, code: string): Promise<string[]>
  /** TOTP_WRONG; CONFLICT for those of whom codes are required. */
  remove(principal: Principal, code: string): Promise<void>
  /** By an admin, for somebody who lost the phone. Ends their sessions. CONFLICT when there is nothing. */
  reset(userId: string): Promise<void>
  /** Uses a code, of the app or of the recovery codes. TOTP_WRONG also for one that was used; TOO_MANY_REQUESTS. */
  use(user: UserRecord, code: string): Promise<'app' | 'recovery'>
  isMissing(user: UserRecord): boolean
}

export function createTotpService(deps: {
  store: TotpStore
  users: UserStore
  sessions: Pick<SessionStore, 'endOf'>
  passwords: PasswordHasher
  limiter: LoginLimiter
  secrets: SecretBox
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  required: TotpRequired
}): TotpService {
  const { store, users, sessions, passwords, limiter, secrets, panel, clock, required } = deps
  const waiting = new Map<string, { secret: string; until: number }>()

  const isRequired = (user: UserRecord) =>
    user.issuer === null && (required === 'all' || (required === 'admins' && strongestRole(user.grants) === 'admin'))

  async function findOwn(principal: Principal): Promise<UserRecord> {
    const { userId } = requireBrowser(principal)
    const user = await users.find(userId)
    if (!user) throw new AppError('NOT_FOUND', 'The account is gone; somebody removed it.')
    return user
  }

  /** One limit per account wherever the tries come from: who gets here knows the password already. */
  function use(user: UserRecord, code: string): Promise<'app' | 'recovery'> {
    return limiter.attempt({ username: 'totp', address: `account ${user.id}` }, async () => {
      const totp = await store.find(user.id)
      if (!totp) throw wrong()
      const typed = code.replace(/\s/g, '')
      const step = /^\d+$/.test(typed) ? stepOfCode(secrets.open(totp.secret), typed, clock.now()) : undefined
      if (step !== undefined && (await store.useStep(user.id, step))) return 'app'
      if (step === undefined && (await store.useRecoveryCode(user.id, hashRecoveryCode(code)))) return 'recovery'
      throw wrong()
    })
  }

  async function endSessions(userId: string, but: string | null): Promise<void> {
    for (const sessionId of await sessions.endOf(userId, { but })) panel.endSessions({ sessionId })
  }

  return {
    use,
    isMissing: user => isRequired(user) && !user.hasTotp,
    async status(principal) {
      const user = await findOwn(principal)
      const totp = await store.find(user.id)
      return {
        enabledAt: totp?.enabledAt ?? null,
        recoveryCodesLeft: totp?.codesLeft ?? 0,
        required: isRequired(user),
        issuer: user.issuer,
      }
    },
    async enrol(principal, { password, address }) {
      const user = await findOwn(principal)
      if (user.issuer !== null)
        throw new AppError(
          'CONFLICT',
          `You sign in with ${user.issuer}; a second factor is set up there. Strata asks for codes after its own passwords alone.`,
        )
      if (user.hasTotp)
        throw new AppError('CONFLICT', 'One-time codes are set up already. Remove them first to move to another app.')
      await limiter.attempt({ username: user.username, address }, async () => {
        if (!(await passwords.verify(user.passwordHash, password)))
          throw new AppError('LOGIN_FAILED', 'The password is not right.')
      })
      const made = newTotpSecret(user.username)
      waiting.set(user.id, { secret: made.secret, until: clock.monotonic() + POLICY.totp.enrolmentMs })
      return made
    },
    async confirm(principal, code) {
      const user = await findOwn(principal)
      const enrolment = waiting.get(user.id)
      if (!enrolment || enrolment.until <= clock.monotonic())
        throw new AppError('CONFLICT', 'No new code waits to be confirmed, or it took too long. Begin again.')
      const step = stepOfCode(enrolment.secret, code.replace(/\s/g, ''), clock.now())
      if (step === undefined)
        throw new AppError(
          'TOTP_WRONG',
          'The code does not fit. Wait for the next one; if it does not fit either, the clock of the phone or of the brain is off.',
        )
      const codes = newRecoveryCodes()
      await store.enable(user.id, {
        secret: secrets.seal(enrolment.secret),
        lastStep: step,
        enabledAt: clock.now(),
        codeHashes: codes.map(hashRecoveryCode),
      })
      waiting.delete(user.id)
      await endSessions(user.id, principal.sessionId)
      return codes
    },
    async renewRecoveryCodes(principal, code) {
      const user = await findOwn(principal)
      await use(user, code)
      const codes = newRecoveryCodes()
      await store.replaceRecoveryCodes(user.id, codes.map(hashRecoveryCode))
      return codes
    },
    async remove(principal, code) {
      const user = await findOwn(principal)
      if (isRequired(user))
        throw new AppError(
          'CONFLICT',
          'One-time codes are required for your account. To move to another phone, an admin can reset them.',
        )
      await use(user, code)
      await store.remove(user.id)
      await endSessions(user.id, principal.sessionId)
    },
    async reset(userId) {
      if (!(await users.find(userId)))
        throw new AppError('NOT_FOUND', `There is no user ${userId}; somebody may have removed the account.`)
      if (!(await store.remove(userId))) throw new AppError('CONFLICT', 'This account has no one-time codes.')
      await endSessions(userId, null)
      panel.endSessions({ userId })
    },
  }
}

function wrong(): AppError {
  return new AppError(
    'TOTP_WRONG',
    'The code is not right, or it was used before: each works once. Wait for the next one, or use a recovery code.',
  )
}
