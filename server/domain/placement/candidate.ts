import type { LabelMap, NodeContact, NodeLoad, NodeSpecs } from '../../../shared/schemas/node'
import type { Placement } from '../../../shared/schemas/instance'
import type { Resources } from '../../../shared/schemas/runtime'
import type { NodeUsage } from '../instance-record'

/** What an instance needs of the node that is to hold it. */
export interface PlacementNeed {
  /** Instance over layers; what is left out is not limited and not counted. */
  resources: Resources
  placement: Placement
  allowProcessFallback: boolean
}

/** A node as placement sees it, at one moment. */
export interface Candidate {
  id: string
  name: string
  region: string | null
  tags: readonly string[]
  labels: LabelMap
  schedulable: boolean
  contact: NodeContact
  /** It has a connection and told its whole truth over it. */
  isReady: boolean
  /** As they count; null: it never joined. */
  specs: NodeSpecs | null
  load: NodeLoad | null
  usage: Omit<NodeUsage, 'nodeId' | 'running'>
}

const MIB = 1024 ** 2

/** Memory that may be promised to instances, in MiB: what the machine has less what is kept for itself. */
export function promisableMemoryMb(specs: NodeSpecs): number {
  return Math.max(0, Math.floor((specs.memoryBytes - specs.reserve.memoryBytes) / MIB))
}

/** CPUs that may be given to instances. */
export function givableCpus(specs: NodeSpecs): number {
  return Math.max(0, specs.cpus - specs.reserve.cpus)
}

/** Disk space free for instances, in MiB. */
export function freeDiskMb(specs: NodeSpecs, load: NodeLoad): number {
  return Math.max(0, Math.floor((load.diskFreeBytes - specs.reserve.diskBytes) / MIB))
}
