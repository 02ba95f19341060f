import type { InstanceRecord } from '../../agent/record'
import { instanceSpec } from './instance-spec'

/** The record of an instance that was prepared from generation 1 and does nothing. */
export function agentRecord(change: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    format: 1,
    instanceId: 'i-test',
    spec: instanceSpec({
      layers: [{ template: 'base', version: '1', type: 'master', sha256: 'a'.repeat(64), sizeBytes: 1 }],
    }),
    generation: 1,
    layoutGeneration: 1,
    commandIds: [],
    wanted: 'prepared',
    stopNow: false,
    prepareDue: false,
    home: { runtime: 'docker', layout: 'overlay', isProven: true },
    prepared: { planHash: 'abc', mount: { kind: 'directory', path: '/stack' }, notices: [] },
    proof: null,
    state: 'PREPARED',
    cause: 'command',
    actor: 'system',
    reason: null,
    takenPort: null,
    runId: null,
    run: null,
    stop: null,
    crashes: 0,
    restartAt: null,
    cleanupDue: 'none',
    exit: null,
    lastLines: [],
    seq: 1,
    ...change,
  }
}

export function agentRun(change: Partial<NonNullable<InstanceRecord['run']>> = {}): NonNullable<InstanceRecord['run']> {
  return { phase: 'started', startedAt: 1_000, readyAt: 2_000, bootId: 'boot', sawOutage: false, ...change }
}
