import type { X509Certificate } from 'node:crypto'
import type { ScopeVariableRecord } from '../domain/variable-scopes'
import type { NodeCertificateRecord, NodeRecord } from '../domain/node-record'

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
  issueNode(
    nodeId: string,
    request: string,
    notBefore: number,
  ): Promise<NodeCertificateRecord & { certificate: string }>
  /** CERTIFICATE_UNKNOWN, CERTIFICATE_EXPIRED */
  judge(shown: X509Certificate): Promise<NodeCertificateRecord & { nodeId: string }>
  /** A new root; the former ones stay trusted. */
  rotate(): Promise<void>
  /** Forgets former roots that are not needed, by fingerprint; false when all are. */
  retire(isNeeded: (fingerprint: string) => boolean): Promise<boolean>
}

/** Variables given to the network, regions and nodes. */
export interface ScopeVariableStore {
  list(): Promise<ScopeVariableRecord[]>
  /** Puts it in the place of the one with the same scope and name. */
  write(record: ScopeVariableRecord): Promise<void>
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
