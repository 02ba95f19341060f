import { mayHaveProcess } from '../../shared/domain/instance-state'
import { AppError } from '../../shared/errors'
import type { DescribeAnswer } from '../../shared/protocol/agent'
import type { InstancePort, PortRequest } from '../../shared/schemas/instance'
import type { InstanceRecord } from './instance-record'

/** What is worked out from the layers and the values that the node holds. */
type Defined = Pick<
  InstanceRecord,
  'layers' | 'variables' | 'secretNames' | 'resources' | 'restart' | 'environment' | 'effective'
>

/**
 * The record of an instance that only a node knew, made so that nothing follows from it but what goes on already: what runs is
 * wanted running, everything else is left as it is. CONFLICT for one that is on its way out.
 */
export function adoptedRecord(
  { spec, generation, observation }: DescribeAnswer,
  defined: Defined,
  at: { nodeId: string; name: string; now: number },
): InstanceRecord {
  const { state } = observation
  if (state === 'DESTROYING' || state === 'DESTROYED')
    throw new AppError('CONFLICT', `"${spec.name}" is being destroyed on its node; there is nothing to take over.`)
  const { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines } = observation
  return {
    ...defined,
    id: spec.id,
    revision: 1,
    name: at.name,
    description: '',
    state,
    desired: mayHaveProcess(state) && state !== 'STOPPING' ? 'running' : 'stopped',
    generation: Math.max(generation, observation.generation),
    startGeneration: observation.generation,
    stopMode: 'none',
    appliedGeneration: observation.generation,
    reason: observation.reason && { ...observation.reason, at: at.now },
    nodeId: at.nodeId,
    portRequests: spec.ports.map(requestOf),
    ports: spec.ports,
    portsInUse: null,
    placement: {},
    persistent: spec.persistent,
    allowProcessFallback: spec.allowProcessFallback,
    prepareAttempts: 0,
    imageLock: null,
    observed: { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines },
    stateSince: at.now,
    createdAt: at.now,
    updatedAt: at.now,
  }
}

/** As somebody would have asked for it, so that a change of the layers leaves it as it is. */
function requestOf({ name, protocol, container, host, expose, fixed }: InstancePort): PortRequest {
  return {
    name,
    protocol,
    expose,
    ...(container === null ? {} : { container }),
    ...(fixed && host !== null ? { host } : {}),
  }
}
