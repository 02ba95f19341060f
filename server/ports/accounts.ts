import type { Grant } from '../../shared/domain/permissions'

export interface UserRecord {
  id: string
  username: string
  /** Empty for those who sign in elsewhere: no password fits it. */
  passwordHash: string
  grants: Grant[]
  createdAt: number
  lastLoginAt: number | null
  /** Since when nobody signs in with it, and its tokens are refused. */
  disabledAt: number | null
  /** Who vouches for somebody that signs in elsewhere; null for an account with a password. */
  issuer: string | null
  /** A one-time code is asked for after the password. */
  hasTotp: boolean
}

/** Somebody an OpenID Connect issuer vouches for. */
export interface Identity {
  issuer: string
  subject: string
  claims: Readonly<Record<string, unknown>>
}

/** An OpenID Connect issuer. OIDC_UNAVAILABLE while it does not answer. */
export interface OidcProvider {
  /** Where the browser goes to sign in. The three secrets are made for this one sign-in. */
  authorizationUrl(wanted: { redirectUri: string; state: string; nonce: string; verifier: string }): Promise<URL>
  /** Who came back with this answer, the whole address of the callback. OIDC_REFUSED when anything about it does not fit. */
  identify(answer: URL, expected: { state: string; nonce: string; verifier: string }): Promise<Identity>
}

export interface UserStore {
  /** NAME_TAKEN when somebody has the name, in whatever case, or the identity. With `onlyFirst`: false, and nothing written, when anybody exists. */
  create(
    record: UserRecord,
    options?: { onlyFirst?: boolean; identity?: Pick<Identity, 'issuer' | 'subject'> },
  ): Promise<boolean>
  findByIdentity(identity: Pick<Identity, 'issuer' | 'subject'>): Promise<UserRecord | undefined>
  find(id: string): Promise<UserRecord | undefined>
  findByName(username: string): Promise<UserRecord | undefined>
  list(page: { limit: number; cursor?: string }): Promise<{ items: UserRecord[]; nextCursor: string | null }>
  hasAny(): Promise<boolean>
  /**
   * One commit: what `change` makes of the present grants and the rest, and the end of the user's sessions: all but the
   * one that is named; `keep`: none. LAST_ADMIN when no admin would be left who can sign in; NOT_FOUND for nobody.
   */
  update(
    id: string,
    change: { grants?: (present: readonly Grant[]) => Grant[]; passwordHash?: string; disabledAt?: number | null },
    sessions: { endAllBut: string | null } | 'keep',
  ): Promise<{ before: UserRecord; after: UserRecord; endedSessions: string[] }>
  /** The user with sessions and tokens. LAST_ADMIN, NOT_FOUND as above. */
  remove(id: string): Promise<UserRecord>
  signedIn(id: string, at: number): Promise<void>
}

export interface SessionRecord {
  id: string
  secretHash: string
  userId: string
  address: string | null
  /** What the browser called itself. */
  userAgent: string | null
  createdAt: number
  expiresAt: number
  lastSeenAt: number
}

export interface SessionStore {
  /** False, and nothing written, when the user is gone, disabled or has another password by now. */
  create(record: SessionRecord, passwordHash: string): Promise<boolean>
  /** With its user; an expired one is not found. */
  findBySecret(secretHash: string, now: number): Promise<{ session: SessionRecord; user: UserRecord } | undefined>
  seen(id: string, at: number): Promise<void>
  /** Those that have not expired, the one last seen first. */
  listOf(userId: string, now: number): Promise<SessionRecord[]>
  end(id: string): Promise<void>
  /** Sessions of one user: one of them, all, or all but one. The ids of those that ended. */
  endOf(userId: string, which: { only?: string; but?: string | null }): Promise<string[]>
  /** Every session of an account with a password. How many ended. */
  endLocal(): Promise<number>
  removeExpired(now: number): Promise<number>
}

/** One-time codes of accounts: RFC 6238. */
export interface TotpStore {
  /** The sealed secret and the newest used time step. */
  find(userId: string): Promise<{ secret: string; lastStep: number; enabledAt: number; codesLeft: number } | undefined>
  /** In one commit, in place of what there was: secret, hashes of the recovery codes. */
  enable(
    userId: string,
    totp: { secret: string; lastStep: number; enabledAt: number; codeHashes: string[] },
  ): Promise<void>
  /** False when this step or a newer one was used already. */
  useStep(userId: string, step: number): Promise<boolean>
  /** False when there is no such code any more. */
  useRecoveryCode(userId: string, codeHash: string): Promise<boolean>
  replaceRecoveryCodes(userId: string, codeHashes: string[]): Promise<void>
  /** False when there was nothing. */
  remove(userId: string): Promise<boolean>
}

export interface TokenRecord {
  id: string
  name: string
  secretHash: string
  prefix: string
  /** Whose rights bound the token's. */
  ownerId: string
  createdBy: string
  grants: Grant[]
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
}

export interface TokenStore {
  create(record: TokenRecord): Promise<void>
  /** With its owner. Expired ones too: the caller says so in words. */
  findBySecret(secretHash: string): Promise<{ token: TokenRecord; owner: UserRecord } | undefined>
  list(page: { limit: number; cursor?: string }): Promise<{ items: TokenRecord[]; nextCursor: string | null }>
  /** The removed one, or undefined. */
  remove(id: string): Promise<TokenRecord | undefined>
  used(id: string, at: number): Promise<void>
}
