import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Quick reads, uploads that take minutes. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
/** From the cache in a moment, to gigabytes over a slow line. */
const PREPARE_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

export type BrainMetrics = ReturnType<typeof createBrainMetrics>

/** What the brain itself does, counted since it started. Labels have few values, whatever people and nodes do. */
export function createBrainMetrics(version: string) {
  const registry = new Registry()
  const registers = [registry]

  new Gauge({
    name: 'strata_build_info',
    help: 'The version of the brain and of its Node; always 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1)

  return {
    registry,
    requests: new Histogram({
      name: 'strata_http_request_duration_seconds',
      help: 'Time from the arrival of a request to its answer, by the pattern of its address.',
      labelNames: ['method', 'route', 'status'],
      buckets: REQUEST_SECONDS,
      registers,
    }),
    storeRequests: new Counter({
      name: 'strata_store_requests_total',
      help: 'What the brain asked of its object store, by how it ended.',
      labelNames: ['driver', 'operation', 'outcome'],
      registers,
    }),
    storeReadBytes: new Counter({
      name: 'strata_store_read_bytes_total',
      help: 'Bytes that the brain read from its object store. Nodes that fetch from the store itself are not among them.',
      labelNames: ['driver'],
      registers,
    }),
    storeWrittenBytes: new Counter({
      name: 'strata_store_written_bytes_total',
      help: 'Bytes that the brain wrote to its object store.',
      labelNames: ['driver'],
      registers,
    }),
    prepares: new Histogram({
      name: 'strata_prepare_duration_seconds',
      help: 'Time from the beginning of preparing a server to its end, by the state it ended in.',
      labelNames: ['result'],
      buckets: PREPARE_SECONDS,
      registers,
    }),
    transitions: new Counter({
      name: 'strata_instance_transitions_total',
      help: 'Changes of state of servers, by the state they came to.',
      labelNames: ['state'],
      registers,
    }),
    crashes: new Counter({
      name: 'strata_instance_crashes_total',
      help: 'Ends of servers that nobody asked for.',
      labelNames: ['node'],
      registers,
    }),
    restarts: new Counter({
      name: 'strata_instance_restarts_total',
      help: 'Starts after a crash that the agents made by themselves.',
      labelNames: ['node'],
      registers,
    }),
    operations: new Gauge({
      name: 'strata_operations_active',
      help: 'Long work under way.',
      labelNames: ['kind'],
      registers,
    }),
    endedOperations: new Counter({
      name: 'strata_operations_ended_total',
      help: 'Long work that ended, by how.',
      labelNames: ['kind', 'state'],
      registers,
    }),
  }
}
