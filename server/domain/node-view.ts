import type { Node, NodeContact, NodeLoad, NodeSpecs } from '../../shared/schemas/node'
import type { NodeUsage } from './instance-record'
import type { NodeRecord } from './node-record'

/** What a view tells beside the record. */
export interface NodeMoment {
  contact: NodeContact
  lastSeenAt: number | null
  load: NodeLoad | null
  /** Newer than the one in the specs, if the node has spoken. */
  engine: NodeSpecs['engine'] | null
  found: Node['found']
  usage: NodeUsage
}

/** What users see of a node. Hashes of its secret and token never leave the record. */
export function viewNode(record: NodeRecord, moment: NodeMoment): Node {
  const { contact, usage } = moment
  const isAway = contact === 'suspect' || contact === 'offline'
  return {
    id: record.id,
    name: record.name,
    region: record.region,
    tags: record.tags,
    contact,
    unreachableSince: isAway ? moment.lastSeenAt : null,
    lastSeenAt: moment.lastSeenAt,
    joinedAt: record.joinedAt,
    createdAt: record.createdAt,
    devMode: record.devMode,
    schedulable: record.schedulable,
    local: record.local,
    specs: record.specs && { ...record.specs, engine: moment.engine ?? record.specs.engine },
    load: moment.load,
    reserved: { memoryBytes: usage.memoryMb * 1024 ** 2, cpus: usage.cpus },
    instances: { total: usage.total, running: usage.running },
    found: moment.found,
  }
}
