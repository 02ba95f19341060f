import { timingSafeEqual } from 'node:crypto'
import { everywhere } from '../../shared/domain/permissions'
import type { Grant, Role } from '../../shared/domain/permissions'
import type { NarrowGrant, UserDetail } from '../../shared/schemas/account'
import { AppError } from '../../shared/errors'
import type { Clock, Ids, PanelBus, PasswordHasher, Principal, UserRecord, UserStore } from '../ports'
import { changeGrants } from '../domain/grant-view'
import type { GrantView } from '../domain/grant-view'
import type { LoginLimiter } from './login-limiter'
import { hashSecret } from './secret-hash'
import { requireBrowser } from './session-list'
import { presentUser } from './session-service'

export interface AccountService {
  /**
   * Prepares the first admin: makes the given one when there is nobody at all, else opens set-up with a
   * new one-time secret. With somebody there it does nothing, and says who the admin of the settings is.
   */
  start(firstAdmin: { username: string; password: string } | null): Promise<{
    setupSecret: string | null
    adminUser: string | null
    /** Only when it was made just now. */
    madeAdmin: UserRecord | null
  }>
  needsSetup(): boolean
  /** NOT_FOUND once there is an admin: whatever is sent to the set-up then, it is not there any more. */
  requireSetUpOpen(): void
  /** The first admin, once. NOT_FOUND afterwards; UNAUTHENTICATED for another secret. */
  setUp(given: { token: string; username: string; password: string; address: string }): Promise<UserRecord>
  /** NAME_TAKEN; INSTANCE_UNKNOWN for a grant over a server that is not there. */
  create(wanted: {
    username: string
    password: string
    role?: Role | null
    grants?: NarrowGrant[]
  }): Promise<UserDetail>
  list(page: { limit: number; cursor?: string }): Promise<{ items: UserDetail[]; nextCursor: string | null }>
  /**
   * By an admin. Another role and another password end the user's sessions, but not the one that asks; disabling ends
   * all of them; other narrow grants only close the sockets, which come back with the rights of now. LAST_ADMIN, INSTANCE_UNKNOWN; CONFLICT
   * for role or password of an account that comes from somewhere else.
   */
  change(
    principal: Principal,
    id: string,
    wanted: Partial<GrantView> & { password?: string; disabled?: boolean },
  ): Promise<{ before: UserDetail; after: UserDetail }>
  /** One's own password. Ends one's other sessions. LOGIN_FAILED for a wrong present one. */
  changePassword(principal: Principal, given: { current: string; next: string; address: string }): Promise<void>
  /** Sessions and tokens go with the account, at once. */
  remove(id: string): Promise<UserDetail>
  find(id: string): Promise<UserDetail>
}

export function createAccountService(deps: {
  users: UserStore
  /** UNKNOWN servers in `grants` make it throw INSTANCE_UNKNOWN. */
  requireInstances: (grants: readonly NarrowGrant[]) => Promise<void>
  passwords: PasswordHasher
  limiter: LoginLimiter
  panel: Pick<PanelBus, 'endSessions'>
  clock: Clock
  ids: Ids
}): AccountService {
  const { users, requireInstances, passwords, limiter, panel, clock, ids } = deps
  let setupHash: string | null = null

  const closed = () => new AppError('NOT_FOUND', 'Strata is set up already. Sign in; an admin can add accounts.')

  async function newUser(wanted: { username: string; password: string; grants: Grant[] }): Promise<UserRecord> {
    return {
      id: ids.entity(),
      username: wanted.username,
      passwordHash: await passwords.hash(wanted.password),
      grants: wanted.grants,
      createdAt: clock.now(),
      lastLoginAt: null,
      disabledAt: null,
      issuer: null,
      hasTotp: false,
    }
  }

  async function findRecord(id: string): Promise<UserRecord> {
    const user = await users.find(id)
    if (!user) throw new AppError('NOT_FOUND', `There is no user ${id}; somebody may have removed the account.`)
    return user
  }

  return {
    async start(firstAdmin) {
      if (await users.hasAny()) {
        const known = firstAdmin && (await users.findByName(firstAdmin.username))
        return { setupSecret: null, adminUser: known?.username ?? null, madeAdmin: null }
      }
      if (firstAdmin) {
        const madeAdmin = await newUser({ ...firstAdmin, grants: everywhere('admin') })
        await users.create(madeAdmin, { onlyFirst: true })
        return { setupSecret: null, adminUser: firstAdmin.username, madeAdmin }
      }
      const setupSecret = ids.secret()
      setupHash = hashSecret(setupSecret)
      return { setupSecret, adminUser: null, madeAdmin: null }
    },
    needsSetup: () => setupHash !== null,
    requireSetUpOpen() {
      if (setupHash === null) throw closed()
    },
    async setUp(given) {
      return limiter.attempt({ username: ' set-up', address: given.address }, async () => {
        if (!setupHash) throw closed()
        if (!timingSafeEqual(Buffer.from(hashSecret(given.token)), Buffer.from(setupHash))) {
          throw new AppError(
            'UNAUTHENTICATED',
            'This set-up link is not the present one. Each start of the brain prints a new one: use the newest.',
          )
        }
        const { username, password } = given
        const user = await newUser({ username, password, grants: everywhere('admin') })
        if (!(await users.create(user, { onlyFirst: true }))) throw closed()
        setupHash = null
        return user
      })
    },
    async create({ role, grants = [], ...wanted }) {
      await requireInstances(grants)
      const user = await newUser({ ...wanted, grants: changeGrants([], { role: role ?? null, grants }) })
      await users.create(user)
      return detail(user)
    },
    async list(page) {
      const { items, nextCursor } = await users.list(page)
      return { items: items.map(detail), nextCursor }
    },
    async change(principal, id, wanted) {
      const { issuer } = await findRecord(id)
      const { role, grants, password, disabled } = wanted
      if (issuer !== null && (role !== undefined || password !== undefined))
        throw new AppError(
          'CONFLICT',
          `This account comes from ${issuer}: it has no password, and its role is set there and read at each sign-in. Grants over single servers can be given here.`,
        )
      if (grants) await requireInstances(grants)
      const signsOut = role !== undefined || password !== undefined || disabled === true
      const { before, after } = await users.update(
        id,
        {
          ...((role !== undefined || grants) && { grants: present => changeGrants(present, { role, grants }) }),
          ...(password !== undefined && { passwordHash: await passwords.hash(password) }),
          ...(disabled !== undefined && { disabledAt: disabled ? clock.now() : null }),
        },
        signsOut ? { endAllBut: principal.userId === id && !disabled ? principal.sessionId : null } : 'keep',
      )
      // Every socket of the user, also the asking one's and those of tokens: they come back with the rights of now.
      panel.endSessions({ userId: id })
      return { before: detail(before), after: detail(after) }
    },
    async changePassword(principal, given) {
      const { userId, sessionId } = requireBrowser(principal)
      const user = await findRecord(userId)
      if (user.issuer !== null)
        throw new AppError('CONFLICT', `You sign in with ${user.issuer}; a password is changed there.`)
      await limiter.attempt({ username: user.username, address: given.address }, async () => {
        if (!(await passwords.verify(user.passwordHash, given.current)))
          throw new AppError('LOGIN_FAILED', 'The present password is not right.')
      })
      const { endedSessions } = await users.update(
        userId,
        { passwordHash: await passwords.hash(given.next) },
        { endAllBut: sessionId },
      )
      for (const ended of endedSessions) panel.endSessions({ sessionId: ended })
    },
    async remove(id) {
      const removed = await users.remove(id)
      panel.endSessions({ userId: id })
      return detail(removed)
    },
    find: async id => detail(await findRecord(id)),
  }
}

function detail(user: UserRecord): UserDetail {
  const { createdAt, lastLoginAt, disabledAt, issuer, hasTotp } = user
  return { ...presentUser(user), createdAt, lastLoginAt, disabledAt, issuer, totp: hasTotp }
}
