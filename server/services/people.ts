import { POLICY } from '../../shared/domain/policy'
import { SYSTEM } from '../domain/instance-change'
import type {
  AuditPort,
  Clock,
  IdempotencyStore,
  Ids,
  InstanceStore,
  OidcProvider,
  PanelBus,
  PasswordHasher,
  SecretBox,
  SessionStore,
  TokenStore,
  TotpStore,
  UserStore,
} from '../ports'
import type { RoleRule } from '../domain/oidc-claims'
import { createAccountService } from './account-service'
import type { AccountService } from './account-service'
import { createGrantCheck } from './grant-check'
import { createIdempotencyService } from './idempotency-service'
import type { IdempotencyService } from './idempotency-service'
import { createLoginChallenges } from './login-challenges'
import { createLoginLimiter } from './login-limiter'
import { createOidcService } from './oidc-service'
import type { OidcService } from './oidc-service'
import type { ServiceLog } from './service-log'
import { createSessionList } from './session-list'
import type { SessionList } from './session-list'
import { createSessionService } from './session-service'
import type { SessionService } from './session-service'
import { createTokenService } from './token-service'
import type { TokenService } from './token-service'
import { createTotpService } from './totp-service'
import type { TotpRequired, TotpService } from './totp-service'

/** Who may come in, wired: accounts, their sessions and tokens, and what was answered to whom. */
export interface People {
  accounts: AccountService
  sessions: SessionService
  sessionList: SessionList
  totp: TotpService
  /** Undefined where nobody else vouches for anybody. */
  oidc: OidcService | undefined
  tokens: TokenService
  idempotency: IdempotencyService
  /** Makes the first admin or opens set-up, and begins to forget old answers. */
  start: AccountService['start']
  stop(): void
}

export interface PeopleDeps {
  users: UserStore
  sessions: SessionStore
  tokens: TokenStore
  totp: TotpStore
  idempotency: IdempotencyStore
  instances: Pick<InstanceStore, 'find'>
  passwords: PasswordHasher
  secrets: SecretBox
  oidc: { provider: OidcProvider; role: RoleRule } | undefined
  localSignIn: boolean
  totpRequired: TotpRequired
  audit: AuditPort
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
  log: ServiceLog
}

const FORGETTING_MS = POLICY.http.idempotencyKeptMs / 24

export function createPeople(deps: PeopleDeps): People {
  const { users, passwords, secrets, panel, clock, ids, log, localSignIn } = deps
  const limiter = createLoginLimiter()
  const requireInstances = createGrantCheck(deps.instances)
  const accounts = createAccountService({ users, requireInstances, passwords, limiter, panel, clock, ids })
  const totp = createTotpService({ ...deps, store: deps.totp, limiter, required: deps.totpRequired })
  const challenges = createLoginChallenges({ clock, ids })
  const sessions = createSessionService({
    users,
    sessions: deps.sessions,
    passwords,
    limiter,
    totp,
    challenges,
    localSignIn,
    panel,
    clock,
    ids,
  })
  const oidc =
    deps.oidc && createOidcService({ ...deps.oidc, users, accounts, sessions, limiter, secrets, panel, clock, ids })
  const idempotency = createIdempotencyService({ store: deps.idempotency, secretBox: secrets, clock })
  let forgetting: NodeJS.Timeout | undefined

  return {
    accounts,
    sessions,
    totp,
    oidc,
    sessionList: createSessionList({ sessions: deps.sessions, panel, clock }),
    tokens: createTokenService({ store: deps.tokens, requireInstances, panel, clock, ids }),
    idempotency,
    async start(firstAdmin) {
      const opened = await accounts.start(firstAdmin)
      if (opened.madeAdmin) await noteFirstAdmin(deps.audit, opened.madeAdmin)
      await sessions.start()
      await idempotency.forgetOld()
      forgetting = setInterval(() => {
        idempotency
          .forgetOld()
          .catch((error: unknown) => log.error({ err: error }, 'Old Idempotency-Keys could not be removed'))
      }, FORGETTING_MS).unref()
      return opened
    },
    stop: () => clearInterval(forgetting),
  }
}

/** Nobody asked over HTTP: it was the settings that made this account. */
function noteFirstAdmin(audit: AuditPort, { id, username }: { id: string; username: string }): Promise<void> {
  return audit.record({
    actor: SYSTEM,
    action: 'setup',
    subject: { kind: 'user', id },
    outcome: 'done',
    requestId: null,
    address: null,
    detail: { username, role: 'admin', from: 'STRATA_ADMIN_USER' },
  })
}
