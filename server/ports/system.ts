import type { z } from 'zod'
import type { BrainToPanel } from '../../shared/protocol/panel'
import type { Grant, Permission } from '../../shared/domain/permissions'
import type { AuditFilter } from '../../shared/schemas/audit'
import type { Actor, AuditEntry } from '../../shared/schemas/event'

/** Wall-clock time for records, and a monotonic clock for judging contact and time limits. Milliseconds. */
export interface Clock {
  now(): number
  monotonic(): number
}

/** New ids: `entity` is a lower-case sortable id, also fit for a container's name; `secret` is 32 random bytes, base64url. */
export interface Ids {
  entity(): string
  secret(): string
}

/** Encrypts small values for the database with the key file. `open` throws INTERNAL for bytes it did not seal. */
export interface SecretBox {
  seal(plain: string): string
  open(sealed: string): string
}

/** Who asks: established once per request or socket, then handed down to services. */
export interface Principal {
  actor: Actor
  grants: readonly Grant[]
  /** Set for a browser session, so that it can be ended. */
  sessionId: string | null
  userId: string | null
  /** One-time codes are required of them, and not set up yet: until then they may do nothing else. */
  mustAddTotp?: true
}

export interface AuditPort {
  /** Writes one entry; called after the act with its outcome. */
  record(entry: Omit<AuditEntry, 'id' | 'at'>): Promise<void>
}

/** What the panel is told. Never awaited, never fails: a page that missed something reads it again on reconnect. */
export interface PanelBus {
  publish<Name extends keyof BrainToPanel>(name: Name, payload: BrainToPanel[Name], needs: Permission): void
  /** Ends the sockets of a session, user or token at once. */
  endSessions(match: { sessionId?: string; userId?: string; tokenId?: string }): void
}

/** What the brain must remember of itself, by name. `read` throws for a value that does not fit. */
export interface FactStore {
  read<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema> | undefined>
  write(name: string, value: unknown, at: number): Promise<void>
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  /** Newest first. */
  list(filter: AuditFilter): Promise<{ items: AuditEntry[]; nextCursor: string | null }>
  /** Forgets at most so many of those from before; how many it were. */
  removeOlder(before: number, most: number): Promise<number>
}

/** scrypt, in the form `$scrypt$n=…`; both take tens of milliseconds on purpose. */
export interface PasswordHasher {
  hash(plain: string): Promise<string>
  verify(hash: string, plain: string): Promise<boolean>
}

/** Remembers answers to requests that carried an Idempotency-Key. */
export interface IdempotencyStore {
  /** Begins, unless the key is known: then what is known of it. */
  begin(entry: {
    owner: string
    key: string
    requestHash: string
    at: number
  }): Promise<{ requestHash: string; answer: string | null } | undefined>
  finish(owner: string, key: string, answer: string): Promise<void>
  /** Nothing came of it: the key may be used again. */
  forget(owner: string, key: string): Promise<void>
  removeOlder(before: number): Promise<number>
}

/** Small secrets of the brain by name, sealed before they come here. */
export interface SecretStore {
  read(name: string): Promise<string | undefined>
  write(name: string, sealed: string, at: number): Promise<void>
}
