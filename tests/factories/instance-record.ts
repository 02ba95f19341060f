import type { Observation } from '../../shared/protocol/agent'
import type { Actor } from '../../shared/schemas/event'
import type { InstanceRecord } from '../../server/domain/instance-record'
import { makeObservation as makeAnyObservation } from './agent-messages'

export const USER: Actor = { kind: 'user', id: 'u1', name: 'ada' }

/** An instance on node `n1` that runs generation 1, unless said otherwise. */
export function makeRecord(over: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: 'i1',
    revision: 1,
    name: 'lobby',
    description: '',
    state: 'RUNNING',
    desired: 'running',
    generation: 1,
    startGeneration: 1,
    stopMode: 'graceful',
    appliedGeneration: 1,
    reason: null,
    nodeId: 'n1',
    layers: [{ template: 'base', version: '1', type: 'master', sha256: 'a'.repeat(64) }],
    variables: {},
    secretNames: [],
    portRequests: [],
    ports: [],
    portsInUse: null,
    placement: {},
    persistent: true,
    environment: null,
    resources: {},
    effective: { resources: { memoryMb: 512, pids: 512 }, readyTimeoutSeconds: 600 },
    restart: null,
    allowProcessFallback: false,
    prepareAttempts: 0,
    imageLock: null,
    observed: null,
    stateSince: 0,
    createdAt: 0,
    updatedAt: 0,
    ...over,
  }
}

/** What a node observes of `makeRecord()`. */
export function makeObservation(over: Partial<Observation> = {}): Observation {
  return makeAnyObservation('i1', { cause: 'command', actor: 'system', startedAt: null, planHash: null, ...over })
}

/** As the record remembers an observation. */
export function observedOf(over: Partial<Observation> = {}): InstanceRecord['observed'] {
  const { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines } = makeObservation(over)
  return { seq, runId, restarts, runtime, layout, planHash, startedAt, exit, lastLines }
}
