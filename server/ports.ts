import type { X509Certificate } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type {
  AgentAck,
  AgentHandshake,
  AgentToBrain,
  BrainToAgent,
  InstanceSpec,
  NodeReport,
  Observation,
  Welcome,
} from '../shared/protocol/agent'
import type { BrainToPanel } from '../shared/protocol/panel'
import type { Grant, Permission, Reach } from '../shared/domain/permissions'
import type { InstanceState } from '../shared/domain/instance-state'
import type { AuditFilter } from '../shared/schemas/audit'
import type { Actor, AuditEntry, InstanceEvent } from '../shared/schemas/event'
import type { Instance, LockedLayer } from '../shared/schemas/instance'
import type { LayerIndex } from '../shared/schemas/layer-index'
import type { Manifest } from '../shared/schemas/manifest'
import type { Operation, OperationFilter } from '../shared/schemas/operation'
import type { StoreName } from '../shared/schemas/store'
import type { TemplateType } from '../shared/schemas/template-type'
import type { InstanceRecord, NewInstanceEvent, NodeUsage } from './domain/instance-record'
import type { ScopeVariableRecord } from './domain/variable-scopes'
import type { NodeCertificateRecord, NodeRecord } from './domain/node-record'

/**
 * What the services of the brain need from outside. Asynchronous, in intentions, one commit each; SQLite's
 * synchronous transactions stay inside `db/`. Services get only the ports they use.
 */

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

// instances

export type { InstanceRecord, NewInstanceEvent, NodeUsage }

export interface InstanceFilter {
  states?: readonly InstanceState[]
  nodeId?: string
  template?: string
  text?: string
  /** Only those within; everything unless said. */
  reach?: Reach
  limit: number
  cursor?: string
}

/** What a commit wrote: for those who tell others. */
export interface Committed {
  record: InstanceRecord
  events: InstanceEvent[]
}

/** As much of an instance as metrics tell. */
export type InstanceBrief = Pick<InstanceRecord, 'id' | 'name' | 'nodeId' | 'state' | 'desired'> & { restarts: number }

export interface InstanceStore {
  /** Writes record and events. NAME_TAKEN when a living instance has the name; PORT_UNAVAILABLE when a host port is given twice. */
  create(record: InstanceRecord, events: NewInstanceEvent[]): Promise<Committed>
  find(id: string): Promise<InstanceRecord | undefined>
  /** The node that holds an instance: null before placement, undefined for an instance that does not exist. */
  nodeOf(id: string): Promise<string | null | undefined>
  /**
   * One commit: change, ports and events together, only if the revision is still the expected one.
   * Called again with the same revision it fails with REVISION_CONFLICT and changes nothing. PORT_UNAVAILABLE when a host
   * port of the change is given to another instance of the node.
   */
  commit(input: {
    id: string
    expectedRevision: number
    change: Partial<Omit<InstanceRecord, 'id' | 'revision' | 'createdAt'>>
    events: NewInstanceEvent[]
  }): Promise<Committed>
  list(filter: InstanceFilter): Promise<{ items: InstanceRecord[]; nextCursor: string | null }>
  /** Every instance that is not DESTROYED, of one node or of all. */
  living(nodeId?: string): Promise<InstanceRecord[]>
  /** Every instance that is not DESTROYED, in short: 20,000 of them in a moment. */
  briefs(): Promise<InstanceBrief[]>
  /** Instances from whose record alone an action may follow: what the sweep looks at. */
  restless(): Promise<{ id: string; nodeId: string | null }[]>
  /** Nodes without a living instance are left out. */
  usageByNode(): Promise<NodeUsage[]>
  usageOf(nodeId: string): Promise<NodeUsage>
  /** Host ports of a node that living instances hold, and who holds them. */
  claimedPorts(nodeId: string): Promise<{ protocol: 'tcp' | 'udp'; port: number; instanceId: string }[]>
  events(
    id: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: InstanceEvent[]; nextCursor: string | null }>
  recentEvents(limit: number, reach?: Reach): Promise<InstanceEvent[]>
  countByState(reach?: Reach): Promise<Record<InstanceState, number>>
}

// nodes

export type { NodeRecord }

export interface NodeStore {
  /** NAME_TAKEN when another node has the name. */
  create(record: NodeRecord): Promise<void>
  find(id: string): Promise<NodeRecord | undefined>
  findByJoinTokenHash(hash: string): Promise<NodeRecord | undefined>
  list(): Promise<NodeRecord[]>
  /** NOT_FOUND for a node that is gone, NAME_TAKEN when another has the name. */
  update(id: string, change: Partial<Omit<NodeRecord, 'id' | 'createdAt'>>): Promise<NodeRecord>
  /** When nodes were last heard, for after a restart of the brain. One commit; unknown ids are passed over. */
  seen(entries: readonly { id: string; at: number }[]): Promise<void>
  /**
   * Offers a node its secret while its join token is good; false otherwise. The token, and the secret it had before, stay good until
   * the node has taken this one: an answer that was lost on the way must not lock a node out.
   */
  joinWithToken(id: string, tokenHash: string, secretHash: string, at: number): Promise<boolean>
  /** With its variables and registry sign-ins, in one commit. NODE_IN_USE while it holds an instance that is not DESTROYED. */
  remove(id: string): Promise<void>
  /** Host ports found taken by strangers on a node; not given out until the time passed. Those whose time passed are forgotten. */
  quarantinePort(nodeId: string, protocol: 'tcp' | 'udp', port: number, until: number, now: number): Promise<void>
  quarantinedPorts(nodeId: string, now: number): Promise<{ protocol: 'tcp' | 'udp'; port: number }[]>
}

/** Who vouches for nodes: the brain's own authority. */
export interface NodeAuthority {
  /** `certificate` is PEM. */
  current(): { fingerprint: string; expiresAt: number; certificate: string }
  /** Those before it that are still trusted, newest first. */
  previous(): { fingerprint: string; expiresAt: number }[]
  /** All roots, the present one first; PEM. */
  trusted(): string[]
  /**
   * @param request PKCS #10, PEM; only its key counts. MESSAGE_INVALID
   * @param notBefore it says that it was issued then, where that is still to come; milliseconds
   */
  issueNode(nodeId: string, request: string, notBefore: number): Promise<NodeCertificateRecord & { certificate: string }>
  /** CERTIFICATE_UNKNOWN, CERTIFICATE_EXPIRED */
  judge(shown: X509Certificate): Promise<NodeCertificateRecord & { nodeId: string }>
  /** A new root; the former ones stay trusted. */
  rotate(): Promise<void>
  /** Forgets former roots that are not needed, by fingerprint; false when all are. */
  retire(isNeeded: (fingerprint: string) => boolean): Promise<boolean>
}

/** The line by which an agent came. */
export interface AgentLine {
  /** Between the agent and this brain, or the proxy before it. */
  isEncrypted: boolean
  /** From this very machine, with nobody in between. */
  isLoopback: boolean
  /** What it showed as a client of TLS, whose key it proved to have; not judged yet. */
  certificate: X509Certificate | null
  /** `host[:port]` under which it found the brain. */
  host: string | undefined
}

/** The way to the agents. Nothing but the reconciler sends lifecycle commands through it. */
export interface AgentLink {
  isConnected(nodeId: string): boolean
  connectedNodes(): string[]
  /**
   * Sends one message and waits for its acknowledgement. NODE_UNREACHABLE without a connection or an answer in time;
   * a refusal of the agent comes back as `{ ok: false }`.
   */
  send<Name extends keyof BrainToAgent>(nodeId: string, name: Name, payload: BrainToAgent[Name]): Promise<AgentAck>
  /** Ends the connection of a node, if any: its identity is no longer good. */
  disconnect(nodeId: string, reason: string): void
}

/** Checksums of what this brain gives out to machines; null for what it does not have. */
export interface AgentFiles {
  agentSha256(): Promise<string | null>
  joinScriptSha256(): Promise<string | null>
}

/** What the panel is told. Never awaited, never fails: a page that missed something reads it again on reconnect. */
export interface PanelBus {
  publish<Name extends keyof BrainToPanel>(name: Name, payload: BrainToPanel[Name], needs: Permission): void
  /** Ends the sockets of a session, user or token at once. */
  endSessions(match: { sessionId?: string; userId?: string; tokenId?: string }): void
}

// templates

export interface TemplateVersionRecord {
  template: string
  version: string
  type: TemplateType
  description: string
  sha256: string
  sizeBytes: number
  unpackedBytes: number
  files: number
  duplicates: number
  objectKey: string
  manifest: Manifest
  publishedAt: number
  publishedBy: string
}

/** A template as lists show it. */
export interface TemplateRecord {
  template: string
  /** How many there are. */
  versions: number
  /** The one published last. */
  newest: TemplateVersionRecord
  tags: Record<string, string>
  /** Instances (not DESTROYED) that have a version of it among their layers; each counts once. */
  usedBy: number
  /** The same for each version that is used at all. */
  usage: Record<string, number>
}

export interface TemplateStore {
  /**
   * One commit: the version and the tag that moves to it, `latest` unless said. Same address and bytes again: `created` is
   * false, and only a tag that is said moves. Other bytes: VERSION_EXISTS.
   */
  publish(
    record: TemplateVersionRecord,
    tag: string | undefined,
  ): Promise<{ created: boolean; record: TemplateVersionRecord }>
  findVersion(template: string, version: string): Promise<TemplateVersionRecord | undefined>
  /** Newest first; empty for a template that does not exist. */
  versions(template: string): Promise<TemplateVersionRecord[]>
  /** By id. */
  list(page: { limit: number; cursor?: string }): Promise<{ items: TemplateRecord[]; nextCursor: string | null }>
  count(): Promise<number>
  /** undefined for one without any version. */
  find(template: string): Promise<TemplateRecord | undefined>
  /**
   * One commit: the version goes, and the tags on it; `latest` moves to the newest that is left, if any. NOT_FOUND for
   * an unknown one, TEMPLATE_IN_USE while an instance is locked to it.
   */
  removeVersion(template: string, version: string): Promise<{ removed: TemplateVersionRecord; blobStillUsed: boolean }>
  /** True while any version points to these bytes. */
  isBlobUsed(sha256: string): Promise<boolean>
}

/** One piece of long work as the brain stores it. */
export type OperationRecord = Operation

export interface OperationStore {
  /** CONFLICT, naming it, while another operation of the same subject is active: that is the lock. */
  create(record: OperationRecord): Promise<void>
  /** The record afterwards; undefined, and nothing written, when it has ended already. */
  update(
    id: string,
    change: Partial<Pick<OperationRecord, 'progress' | 'state' | 'cancelledBy' | 'result' | 'error' | 'endedAt'>>,
  ): Promise<OperationRecord | undefined>
  find(id: string): Promise<OperationRecord | undefined>
  /** The last one of this kind that ended well for the subject. */
  findDone(kind: string, subject: { kind: string; id: string }): Promise<OperationRecord | undefined>
  /** Newest first. */
  list(filter: OperationFilter & { reach?: Reach }): Promise<{ items: OperationRecord[]; nextCursor: string | null }>
  /** Running or cancelling, oldest first. */
  active(): Promise<OperationRecord[]>
  /**
   * Forgets those that ended before; how many. Those of the brain itself stay: they are the mark that something was
   * done once.
   */
  removeEnded(before: number): Promise<number>
}

/** One object and where its bytes are. */
export interface ObjectPlace {
  key: string
  store: StoreName
  sizeBytes: number
}

/** Which store holds which object: the list of everything that is stored. */
export interface ObjectPlaces {
  find(key: string): Promise<StoreName | undefined>
  /** Writes or changes one. */
  put(place: ObjectPlace): Promise<void>
  /** Writes those that are not known; how many. */
  adopt(places: ObjectPlace[]): Promise<number>
  remove(key: string): Promise<void>
  /** By key. */
  list(prefix: string): Promise<ObjectPlace[]>
  /** The first one of a store behind a key. */
  next(store: StoreName, after: string): Promise<ObjectPlace | undefined>
  amounts(): Promise<Record<StoreName, { objects: number; bytes: number }>>
}

/** What the brain must remember of itself, by name. `read` throws for a value that does not fit. */
export interface FactStore {
  read<Schema extends z.ZodType>(name: string, schema: Schema): Promise<z.output<Schema> | undefined>
  write(name: string, value: unknown, at: number): Promise<void>
}

/** Blobs by key. Two drivers, one contract suite in tests/contracts. */
export interface ObjectStore {
  readonly driver: StoreName
  /**
   * Streams bytes in, whole or not at all: a source that fails leaves nothing behind. The key is chosen by the
   * caller after the stream ended, because only then its sha256 is known. DISK_FULL when there is no room.
   */
  putStream(
    source: Readable,
    finish: (written: { sha256: string; sizeBytes: number }) => Promise<{ key: string }>,
  ): Promise<{ key: string; sha256: string; sizeBytes: number }>
  /** NOT_FOUND when there is no such key. `start` and `end` (inclusive) select a range. */
  get(key: string, range?: { start: number; end?: number }): Promise<Readable>
  stat(key: string): Promise<{ sizeBytes: number } | undefined>
  /** Twice is the same as once. */
  remove(key: string): Promise<void>
  list(prefix: string): AsyncIterable<{ key: string; sizeBytes: number }>
  /** An address that gives these bytes to whoever holds it until it expires; one object, one method. */
  signedUrl(key: string, options: { expiresInMs: number; fileName?: string }): Promise<string>
}

/** What instance and stack services need of templates. */
export interface LayerSource {
  /** Resolves tags and locks bytes, in order. UNKNOWN_LAYER with the position for each that does not exist. */
  lock(layers: readonly { template: string; version?: string; tag?: string }[]): Promise<LockedLayer[]>
  /** Index and manifest for each, in order. */
  load(layers: readonly LockedLayer[]): Promise<{ layer: LockedLayer; sizeBytes: number; index: LayerIndex }[]>
  /** Manifests and sizes alone: cheap. */
  manifests(layers: readonly LockedLayer[]): Promise<{ layer: LockedLayer; sizeBytes: number; manifest: Manifest }[]>
  signedUrl(sha256: string): Promise<{ url: string; sizeBytes: number }>
}

// what the gateway calls

/** The brain's answer to a handshake. Refusals throw AppError (HANDSHAKE_REFUSED, PROTOCOL_VERSION). */
export interface NodeAdmission {
  nodeId: string
  /** Only after a join token. */
  secret: string | null
}

/** Implemented by node-service and instance-service; called by the agent namespace after parsing and nothing else. */
export interface AgentEvents {
  admit(handshake: AgentHandshake, address: string, line?: AgentLine): Promise<NodeAdmission>
  /** Tells this brain's network from others. */
  networkId(): string
  settings(nodeId: string): Promise<Welcome['settings']>
  connected(nodeId: string, tookSecret: boolean, line?: AgentLine): Promise<void>
  disconnected(nodeId: string): Promise<void>
  /** Any sign of life, by the brain's own monotonic clock. Cheap: memory only. */
  touched(nodeId: string): void
  report(nodeId: string, report: NodeReport): Promise<void>
  heartbeat(nodeId: string, beat: AgentToBrain['node.heartbeat']): Promise<void>
  /** True when the node holds the instance: checked before every message about one. */
  owns(nodeId: string, instanceId: string): Promise<boolean>
  observed(nodeId: string, observation: Observation): Promise<void>
  progress(nodeId: string, progress: AgentToBrain['instance.progress']): Promise<void>
  /** Console lines as pages may see them: the values of the instance's secrets hidden. */
  printed(instanceId: string, lines: string[]): Promise<string[]>
  layerUrl(nodeId: string, instanceId: string, sha256: string): Promise<{ url: string; sizeBytes: number }>
  /** What the registry of the instance's image is told; null for any other registry, and when nothing is known. A secret. */
  registryLogin(
    nodeId: string,
    instanceId: string,
    registry: string,
  ): Promise<{ username: string; password: string } | null>
  /** A refused handshake or message: counted and audited (audited at most once a minute per node and code). */
  refused(where: { nodeId: string | null; address: string; code: string; message: string }): Promise<void>
}

/** Builds what is sent to a node for an instance at its present generation. */
export interface ScopeVariableStore {
  list(): Promise<ScopeVariableRecord[]>
  /** Puts it in the place of the one with the same scope and name. */
  write(record: ScopeVariableRecord): Promise<void>
}

export interface SpecBuilder {
  /** VARIABLES_MISSING, RUNTIME_INCOMPLETE … when the layers and variables do not make a server. */
  build(record: InstanceRecord, node: NodeRecord): Promise<InstanceSpec>
}

/** Turns a record into what users see; needs contact of the node and declared secrets. */
export interface InstancePresenter {
  present(record: InstanceRecord): Promise<Instance>
}

// accounts

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

export interface RegistryLoginRecord {
  id: string
  registry: string
  /** null: for every node that has none of its own. */
  nodeId: string | null
  username: string
  sealedSecret: string
  updatedAt: number
}

export interface RegistryLoginStore {
  /** Takes the place of what was there for the same registry and node, and then its id. */
  put(record: RegistryLoginRecord): Promise<RegistryLoginRecord>
  list(): Promise<RegistryLoginRecord[]>
  /** The node's own, else the one for all. */
  find(registry: string, nodeId: string): Promise<RegistryLoginRecord | undefined>
  remove(id: string): Promise<RegistryLoginRecord | undefined>
}

/** Small secrets of the brain by name, sealed before they come here. */
export interface SecretStore {
  read(name: string): Promise<string | undefined>
  write(name: string, sealed: string, at: number): Promise<void>
}
