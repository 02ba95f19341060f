import type { AgentToBrain, NodeReport, Observation } from '../../shared/protocol/agent'
import { fakeLoad, fakeSpecs } from '../fakes/fake-machine'

export function makeObservation(instanceId: string, change: Partial<Observation> = {}): Observation {
  return {
    instanceId,
    seq: 1,
    state: 'RUNNING',
    generation: 1,
    runId: 'run-1',
    cause: 'ready',
    actor: 'server',
    reason: null,
    startedAt: 1,
    exit: null,
    restarts: 0,
    runtime: 'docker',
    layout: 'overlay',
    planHash: 'plan',
    takenPort: null,
    lastLines: [],
    ...change,
  }
}

export function makeReport(instanceIds: readonly string[], stream = 0): NodeReport {
  return {
    specs: fakeSpecs(),
    load: fakeLoad(0),
    stream,
    instances: instanceIds.map(id => ({ ...makeObservation(id), name: id })),
  }
}

/** A good message of every kind an agent can send, about one instance. The type makes sure that none is missing. */
export const makeAgentMessage: { [Name in keyof AgentToBrain]: (instanceId: string) => AgentToBrain[Name] } = {
  'node.report': instanceId => makeReport([instanceId]),
  'node.heartbeat': () => ({ load: fakeLoad(0), engine: fakeSpecs().engine, watched: 0, instances: [] }),
  'instance.observed': instanceId => ({ stream: 1, observation: makeObservation(instanceId) }),
  'instance.progress': instanceId => ({ instanceId, generation: 1, step: 'fetch', doneBytes: 1, totalBytes: 2 }),
  'instance.console': instanceId => ({ instanceId, runId: 'run-1', from: 0, lines: ['hello'] }),
  'instance.stats': instanceId => ({
    instanceId,
    at: 1,
    cpu: 0.5,
    memoryBytes: 1,
    networkRxBytes: null,
    networkTxBytes: null,
    diskReadBytes: null,
    diskWriteBytes: null,
  }),
  'image.login': instanceId => ({ instanceId, registry: 'docker.io' }),
  'layer.url': instanceId => ({ instanceId, sha256: 'a'.repeat(64) }),
}
