import type { Instance } from '../../shared/schemas/instance'

/** An instance as the panel sees it: running nowhere yet, unless said. */
export function makeInstanceView(id: string, change: Partial<Instance> = {}): Instance {
  return {
    id, name: id, description: '', state: 'REQUESTED', desired: 'running', generation: 1, appliedGeneration: null, pending: false, reason: null, node: null,
    layers: [], gamemode: null, variables: {}, ports: [], address: null, placement: {}, persistent: true, environment: null, resources: {}, restart: null,
    restarts: 0, players: null, runtime: null, layout: null, runId: null, lastExit: null, lastLines: [], progress: null, startedAt: null,
    createdAt: 0, updatedAt: 0, revision: 1, ...change,
  }
}
