import type { X509Certificate } from 'node:crypto'
import type {
  AgentAck,
  AgentHandshake,
  AgentToBrain,
  BrainToAgent,
  NodeReport,
  Observation,
  Welcome,
} from '../../shared/protocol/agent'

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
