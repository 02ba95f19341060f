import type { InstanceSpec } from '../../shared/protocol/agent'
import type { Reach } from '../../shared/domain/permissions'
import type { InstanceState } from '../../shared/domain/instance-state'
import type { InstanceEvent } from '../../shared/schemas/event'
import type { Instance } from '../../shared/schemas/instance'
import type { InstanceRecord, NewInstanceEvent, NodeUsage } from '../domain/instance-record'
import type { NodeRecord } from '../domain/node-record'

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

/** Builds what is sent to a node for an instance at its present generation. */
export interface SpecBuilder {
  /** VARIABLES_MISSING, RUNTIME_INCOMPLETE … when the layers and variables do not make a server. */
  build(record: InstanceRecord, node: NodeRecord): Promise<InstanceSpec>
}

/** Turns a record into what users see; needs contact of the node and declared secrets. */
export interface InstancePresenter {
  present(record: InstanceRecord): Promise<Instance>
}
