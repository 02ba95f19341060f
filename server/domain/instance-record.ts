import type { DesiredState, InstanceState } from '../../shared/domain/instance-state'
import type { Observation } from '../../shared/protocol/agent'
import type { InstanceEvent, Reason } from '../../shared/schemas/event'
import type { InstancePort, LockedLayer, Placement, PortRequest } from '../../shared/schemas/instance'
import type { Resources, RestartPolicy } from '../../shared/schemas/runtime'

/**
 * An image's name as the layers say it, and what names the bytes that the instance was prepared with first. The brain reaches no
 * registry: a node finds out, and from then on the instance keeps these bytes wherever and however often it starts.
 */
export interface ImageLock {
  name: string
  /** `repository@sha256:…`, or the id of an image that is of no registry; null: to be found out anew. */
  reference: string | null
  /** The first generation whose preparing tells. */
  generation: number
}

/** One instance as the brain stores it. */
export interface InstanceRecord {
  id: string
  revision: number
  name: string
  description: string
  state: InstanceState
  desired: DesiredState
  /** Grows with every change of what is wanted. */
  generation: number
  /** The lowest generation a run must have been prepared from: `start`, `restart` and `retry` raise it. */
  startGeneration: number
  /**
   * How it was asked to stop; `kill` skips the grace. `none` when nobody asked since it was last wanted: created as stopped it is laid
   * out and rests.
   */
  stopMode: 'none' | 'graceful' | 'kill'
  appliedGeneration: number | null
  reason: Reason | null
  nodeId: string | null
  layers: LockedLayer[]
  /** Given values; those of secret variables are sealed and named in `secretNames`. */
  variables: Record<string, string>
  secretNames: string[]
  /** Ports as asked for; merged with those of the layers they are `ports`. */
  portRequests: PortRequest[]
  ports: InstancePort[]
  /** Ports of the process that runs, while a change of `ports` waits for its next start; null otherwise. */
  portsInUse: InstancePort[] | null
  placement: Placement
  persistent: boolean
  environment: string | null
  /** As given; what the layers say beside it is in `effective`. */
  resources: Resources
  /** Worked out with the layers at every change of them, so that placement and time limits need no manifests. */
  effective: { resources: Resources; readyTimeoutSeconds: number }
  restart: RestartPolicy | null
  allowProcessFallback: boolean
  prepareAttempts: number
  /** null: never prepared. */
  imageLock: ImageLock | null
  /** Of the last applied observation. */
  observed: Pick<
    Observation,
    'seq' | 'runId' | 'restarts' | 'runtime' | 'layout' | 'planHash' | 'startedAt' | 'exit' | 'lastLines'
  > | null
  /** Since when it has been in this state. */
  stateSince: number
  createdAt: number
  updatedAt: number
}

export type NewInstanceEvent = Omit<InstanceEvent, 'id' | 'instanceId' | 'at'>

/** What living instances of a node hold of it. */
export interface NodeUsage {
  nodeId: string
  total: number
  running: number
  memoryMb: number
  cpus: number
  diskMb: number
}
