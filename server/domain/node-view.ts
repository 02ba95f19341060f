import type { Node, NodeContact, NodeLoad, NodeSpecs } from '../../shared/schemas/node'
import { effectiveAddress, effectiveSpecs } from './effective-specs'
import type { NodeUsage } from './instance-record'
import type { NodeRecord } from './node-record'

const MIB = 1024 ** 2

/** What a view tells beside the record. */
export interface NodeMoment {
  contact: NodeContact
  lastSeenAt: number | null
  load: NodeLoad | null
  /** Newer than the one in the specs, if the node has spoken. */
  engine: NodeSpecs['engine'] | null
  found: Node['found']
  agent: Node['agent']
  usage: NodeUsage
  security: Node['security']
}

/** What users see of a node. Hashes of its secret and token never leave the record. */
export function viewNode(record: NodeRecord, moment: NodeMoment): Node {
  const { contact, usage } = moment
  const specs = effectiveSpecs(record)
  const isAway = contact === 'suspect' || contact === 'offline'
  return {
    id: record.id,
    name: record.name,
    region: record.region,
    tags: record.tags,
    labels: record.labels,
    contact,
    unreachableSince: isAway ? moment.lastSeenAt : null,
    lastSeenAt: moment.lastSeenAt,
    joinedAt: record.joinedAt,
    createdAt: record.createdAt,
    devMode: record.devMode,
    schedulable: record.schedulable,
    local: record.local,
    specs: specs && { ...specs, engine: moment.engine ?? specs.engine },
    overrides: record.overrides,
    machine: machineSettings(record),
    addressSource: effectiveAddress(record)?.source ?? null,
    agent: moment.agent,
    load: moment.load,
    reserved: { memoryBytes: usage.memoryMb * MIB, cpus: usage.cpus, diskBytes: usage.diskMb * MIB },
    instances: { total: usage.total, running: usage.running },
    security: moment.security,
    found: moment.found,
  }
}

/** What would count if nothing were set in the panel. */
function machineSettings(record: NodeRecord): Node['machine'] {
  const specs = effectiveSpecs({ ...record, overrides: {} })
  if (!specs) return null
  const { address, ports, maxInstances, reserve } = specs
  return { address, ports, maxInstances, reserve }
}
