import type { Node } from '../../shared/schemas/node'
import { nodeContact } from '../../shared/schemas/node'
import { DESIRED_STATES, INSTANCE_STATE_NAMES } from '../../shared/domain/instance-state'
import type { InstanceBrief } from '../ports'
import type { PresentUse } from '../services/stats-board'
import type { Family, Sample } from './exposition'

const gauge = (name: string, help: string, samples: Iterable<Sample>): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
})
const counter = (name: string, help: string, samples: Iterable<Sample>): Family => ({
  name,
  type: 'counter',
  help,
  samples,
})

/** Servers by what is true and what is wanted, on each node. Every state is there for every node, so that none is missing at zero. */
export function countFamilies(instances: readonly InstanceBrief[], nodes: readonly Node[]): Family[] {
  const places = [...nodes.map(node => node.id), '']
  const counted = <Key extends string>(keys: readonly Key[], label: string, keyOf: (one: InstanceBrief) => Key) => {
    const counts = new Map<string, number>()
    for (const one of instances) {
      const key = `${one.nodeId ?? ''} ${keyOf(one)}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return places.flatMap(node =>
      keys.map(key => ({ labels: { node, [label]: key }, value: counts.get(`${node} ${key}`) ?? 0 })),
    )
  }
  const living = INSTANCE_STATE_NAMES.filter(state => state !== 'DESTROYED')
  return [
    gauge(
      'strata_instances',
      'Servers by state and node; without a node those that wait for one.',
      counted(living, 'state', one => one.state),
    ),
    gauge(
      'strata_instances_desired',
      'Servers by what is wanted of them.',
      counted(DESIRED_STATES, 'desired', one => one.desired),
    ),
  ]
}

/** Machines. Figures of one that is out of reach are left out: they would be old. */
export function nodeFamilies(nodes: readonly Node[]): Family[] {
  const all = (value: (node: Node) => number | null) => each(nodes, value)
  const heard = nodes.filter(node => node.contact === 'online' || node.contact === 'suspect')
  const load = (value: (load: NonNullable<Node['load']>) => number) =>
    each(heard, node => (node.load ? value(node.load) : null))
  const specs = (value: (specs: NonNullable<Node['specs']>) => number) =>
    each(nodes, node => (node.specs ? value(node.specs) : null))
  return [
    gauge(
      'strata_node_info',
      'Name and kind of a node; always 1.',
      nodes.map(({ id, name, region, specs: found }) => ({
        labels: {
          node: id,
          name,
          region: region ?? '',
          agent_version: found?.agentVersion ?? '',
          runtime: found?.runtime ?? '',
          layout: found?.layout ?? '',
        },
        value: 1,
      })),
    ),
    gauge(
      'strata_node_contact',
      'Contact with a node: 1 for what is true now, 0 for the others.',
      nodes.flatMap(({ id, contact }) =>
        nodeContact.options.map(option => ({
          labels: { node: id, contact: option },
          value: option === contact ? 1 : 0,
        })),
      ),
    ),
    gauge(
      'strata_node_last_seen_timestamp_seconds',
      'When the node was last heard.',
      all(node => (node.lastSeenAt === null ? null : node.lastSeenAt / 1_000)),
    ),
    gauge(
      'strata_node_certificate_expires_timestamp_seconds',
      'When the certificate of the node ends; left out for nodes that have none.',
      all(({ security }) => (security.certificate === null ? null : security.certificate.expiresAt / 1_000)),
    ),
    gauge(
      'strata_node_schedulable',
      'Whether new servers may be placed on the node.',
      all(node => (node.schedulable ? 1 : 0)),
    ),
    gauge(
      'strata_node_engine_up',
      'Whether the engine of the node answers.',
      each(heard, node => (node.specs ? (node.specs.engine.available ? 1 : 0) : null)),
    ),
    gauge(
      'strata_node_cpu_cores',
      'Cores of the machine.',
      specs(found => found.cpus),
    ),
    gauge(
      'strata_node_cpu_reserved_cores',
      'Cores promised to servers.',
      all(node => node.reserved.cpus),
    ),
    gauge(
      'strata_node_cpu_usage_ratio',
      'Share of all cores in use, 0 to 1.',
      load(found => found.cpu),
    ),
    gauge(
      'strata_node_memory_bytes',
      'Memory of the machine.',
      specs(found => found.memoryBytes),
    ),
    gauge(
      'strata_node_memory_reserved_bytes',
      'Memory promised to servers.',
      all(node => node.reserved.memoryBytes),
    ),
    gauge(
      'strata_node_memory_used_bytes',
      'Memory in use.',
      load(found => found.memoryUsedBytes),
    ),
    gauge(
      'strata_node_disk_bytes',
      'Size of the disk that holds the data of the node.',
      load(found => found.diskTotalBytes),
    ),
    gauge(
      'strata_node_disk_free_bytes',
      'What is free of it.',
      load(found => found.diskFreeBytes),
    ),
    gauge(
      'strata_node_cache_bytes',
      'Unpacked layers in the cache.',
      load(found => found.cache.bytes),
    ),
    gauge(
      'strata_node_cache_layers',
      'Layers in the cache.',
      load(found => found.cache.layers),
    ),
    counter(
      'strata_node_cache_hits_total',
      'Layers that were in the cache when they were needed, since the agent started.',
      load(found => found.cache.hits),
    ),
    counter(
      'strata_node_cache_misses_total',
      'Layers that had to be fetched, since the agent started.',
      load(found => found.cache.misses),
    ),
  ]
}

/** Servers one by one, by id; names change and are in `strata_instance_info` alone. What is not measured now is left out. */
export function instanceFamilies(instances: readonly InstanceBrief[], useOf: (id: string) => PresentUse): Family[] {
  const all = (value: (one: InstanceBrief) => number | null) => each(instances, value, 'id')
  const uses = instances.map(({ id }) => ({ id, ...useOf(id) }))
  const totals = (value: (found: NonNullable<PresentUse['totals']>) => number | null) =>
    each(uses, one => (one.totals ? value(one.totals) : null), 'id')
  return [
    gauge(
      'strata_instance_info',
      'Name and node of a server; always 1.',
      instances.map(({ id, name, nodeId }) => ({ labels: { id, name, node: nodeId ?? '' }, value: 1 })),
    ),
    gauge(
      'strata_instance_running',
      'Whether the server is RUNNING.',
      all(one => (one.state === 'RUNNING' ? 1 : 0)),
    ),
    gauge(
      'strata_instance_wanted_running',
      'Whether the server is wanted running.',
      all(one => (one.desired === 'running' ? 1 : 0)),
    ),
    gauge(
      'strata_instance_failed',
      'Whether the server is FAILED.',
      all(one => (one.state === 'FAILED' ? 1 : 0)),
    ),
    gauge(
      'strata_instance_recent_restarts',
      'Restarts after crashes since the server last ran well.',
      all(one => one.restarts),
    ),
    counter(
      'strata_instance_cpu_seconds_total',
      'CPU time of the present run.',
      totals(found => found.cpuSeconds),
    ),
    gauge(
      'strata_instance_memory_bytes',
      'Memory in use, without what may be dropped at any time.',
      totals(found => found.memoryBytes),
    ),
    counter(
      'strata_instance_network_receive_bytes_total',
      'Received by the present run.',
      totals(found => found.networkRxBytes),
    ),
    counter(
      'strata_instance_network_transmit_bytes_total',
      'Sent by the present run.',
      totals(found => found.networkTxBytes),
    ),
    counter(
      'strata_instance_disk_read_bytes_total',
      'Read from disk by the present run.',
      totals(found => found.diskReadBytes),
    ),
    counter(
      'strata_instance_disk_written_bytes_total',
      'Written to disk by the present run.',
      totals(found => found.diskWriteBytes),
    ),
    gauge(
      'strata_instance_own_files_bytes',
      'Room that the own files of a server take.',
      each(uses, one => one.ownFiles?.bytes ?? null, 'id'),
    ),
  ]
}

function* each<Item extends { id: string }>(
  items: readonly Item[],
  value: (item: Item) => number | null,
  label: 'node' | 'id' = 'node',
): Iterable<Sample> {
  for (const item of items) {
    const found = value(item)
    if (found !== null) yield { labels: { [label]: item.id }, value: found }
  }
}
