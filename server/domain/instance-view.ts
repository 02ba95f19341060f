import { mayHaveProcess } from '../../shared/domain/instance-state'
import { MASKED } from '../../shared/schemas/instance'
import type { Instance } from '../../shared/schemas/instance'
import type { Reason } from '../../shared/schemas/event'
import { isAtRest } from './decide/at-rest'
import type { InstanceRecord } from './instance-record'

/** What a view tells of the node beside the record. */
export interface NodeGlimpse {
  id: string
  name: string
  contact: NonNullable<Instance['node']>['contact']
  unreachableSince: number | null
  isReady: boolean
  /** What players use; null: the node never said. */
  address: string | null
}

/** What users see of an instance. Values of secret variables never leave the record. */
export function viewInstance(
  record: InstanceRecord,
  node: NodeGlimpse | null,
  progress: Instance['progress'],
): Instance {
  const { observed } = record
  return {
    id: record.id,
    name: record.name,
    description: record.description,
    state: record.state,
    desired: record.desired,
    generation: record.generation,
    appliedGeneration: record.appliedGeneration,
    pending: isPending(record),
    reason: awayReason(record, node) ?? record.reason,
    node: node && { id: node.id, name: node.name, contact: node.contact, unreachableSince: node.unreachableSince },
    layers: record.layers,
    gamemode: record.layers.findLast(layer => layer.type === 'gamemode')?.template ?? null,
    variables: Object.fromEntries(
      Object.entries(record.variables).map(([name, value]) => [
        name,
        record.secretNames.includes(name) ? MASKED : value,
      ]),
    ),
    ports: record.ports,
    address: addressOf(record, node),
    placement: record.placement,
    image: record.imageLock && { name: record.imageLock.name, reference: record.imageLock.reference },
    persistent: record.persistent,
    environment: record.environment,
    resources: record.effective.resources,
    restart: record.restart && { policy: record.restart },
    restarts: observed?.restarts ?? 0,
    players: null,
    runtime: observed?.runtime ?? null,
    layout: observed?.layout ?? null,
    runId: observed?.runId ?? null,
    lastExit: observed?.exit ?? null,
    lastLines: record.state === 'FAILED' ? (observed?.lastLines ?? []) : [],
    progress: record.state === 'PREPARING' ? progress : null,
    startedAt: mayHaveProcess(record.state) ? (observed?.startedAt ?? null) : null,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    revision: record.revision,
  }
}

/** Something wanted has not reached what is laid out or runs. */
function isPending({ state, appliedGeneration, generation }: InstanceRecord): boolean {
  const isThere = state === 'PREPARED' || mayHaveProcess(state)
  return isThere && appliedGeneration !== null && appliedGeneration < generation
}

/** A wish that waits for the node says so, beside a state that stays what was last known. */
function awayReason(record: InstanceRecord, node: NodeGlimpse | null): Reason | null {
  if (!node || node.isReady || isAtRest(record)) return null
  const what = { running: 'It is wanted running', stopped: 'It is wanted stopped', destroyed: 'It is to be destroyed' }[
    record.desired
  ]
  const where = node.unreachableSince === null ? 'has no connection to the brain at the moment' : 'is out of reach'
  return {
    code: 'NODE_AWAY',
    message: `The node "${node.name}" ${where}. ${what}; that is kept and carried out when the node is back.`,
    at: node.unreachableSince ?? record.updatedAt,
  }
}

/** Where players connect now: while a change of ports waits, the ports of the process that runs. */
function addressOf(record: InstanceRecord, node: NodeGlimpse | null): string | null {
  if (!node?.address || record.state === 'DESTROYED') return null
  const port = (record.portsInUse ?? record.ports).find(
    candidate => candidate.expose === 'public' && candidate.host !== null,
  )
  if (!port) return null
  return `${node.address.includes(':') ? `[${node.address}]` : node.address}:${port.host}`
}
