import { POLICY } from '../../../shared/domain/policy'
import { freeDiskMb, givableCpus, promisableMemoryMb } from './candidate'
import type { Candidate, PlacementNeed } from './candidate'

/** One condition: `null` when the node meets it, otherwise a sentence that says what was found and what is needed. */
type Filter = (node: Candidate, need: PlacementNeed) => string | null

const isWanted: Filter = (node, { placement }) =>
  placement.node !== undefined && placement.node !== node.id ? 'Another node was asked for by name.' : null

const isReachable: Filter = node => {
  if (node.contact === 'pending') return 'It has not joined yet.'
  if (node.contact !== 'online') return `It is ${node.contact === 'suspect' ? 'silent' : 'out of reach'}.`
  return node.isReady ? null : 'It has no connection at this moment.'
}

const isSchedulable: Filter = node => (node.schedulable ? null : 'It takes no new servers (not schedulable).')

const isInRegion: Filter = (node, { placement }) =>
  placement.region === undefined || placement.region === node.region
    ? null
    : `It is in ${node.region ? `region ${node.region}` : 'no region'}; ${placement.region} was asked for.`

const hasTags: Filter = (node, { placement }) => {
  const missing = (placement.tags ?? []).filter(tag => !node.tags.includes(tag))
  return missing.length > 0 ? `It lacks the ${missing.length === 1 ? 'tag' : 'tags'} ${missing.join(', ')}.` : null
}

const hasLabels: Filter = (node, { placement }) => {
  const wrong = Object.entries(placement.labels ?? {}).flatMap(([key, value]) => {
    const own = node.labels[key]
    if (own === value) return []
    return [`${key}=${value}${own === undefined ? '' : ` (it has ${key}=${own})`}`]
  })
  return wrong.length > 0 ? `It lacks the ${wrong.length === 1 ? 'label' : 'labels'} ${wrong.join(', ')}.` : null
}

const canRun: Filter = ({ specs }, need) => {
  if (!specs || specs.runtime !== 'docker' || specs.engine.available || need.allowProcessFallback) return null
  return specs.engine.message ?? 'Its Docker does not answer.'
}

const hasMemory: Filter = ({ specs, usage }, { resources }) => {
  if (!specs || resources.memoryMb === undefined) return null
  const promisable = promisableMemoryMb(specs)
  const free = promisable - usage.memoryMb
  return free >= resources.memoryMb
    ? null
    : `${Math.max(0, free)} MB of memory are free; ${resources.memoryMb} MB are needed. ` +
        `(${usage.memoryMb} of ${promisable} MB are promised to servers, ${mb(specs.reserve.memoryBytes)} MB are kept for the host.)`
}

const hasCpus: Filter = ({ specs, usage }, { resources }) => {
  if (!specs || resources.cpus === undefined) return null
  const given = givableCpus(specs)
  if (resources.cpus > given) {
    const kept = specs.reserve.cpus > 0 ? `, ${specs.reserve.cpus} of them kept for the host` : ''
    return `It has ${specs.cpus} CPUs${kept}; ${resources.cpus} are needed.`
  }
  const promisable = given * POLICY.placement.cpuOvercommit
  return promisable - usage.cpus >= resources.cpus
    ? null
    : `${short(usage.cpus)} of ${short(promisable)} CPUs are promised to servers (${short(given)}, each ${POLICY.placement.cpuOvercommit} times); ${resources.cpus} more are needed.`
}

/** What instances were promised is not on the disk yet, so both the promise and the space itself must hold. */
const hasDisk: Filter = ({ specs, load, usage }, { resources }) => {
  if (!specs || !load) return null
  const free = freeDiskMb(specs, load)
  if (free === 0) return 'Its disk is full but for what is kept for the host.'
  if (resources.diskMb === undefined) return null
  const unpromised = Math.floor((load.diskTotalBytes - specs.reserve.diskBytes) / 1024 ** 2) - usage.diskMb
  const least = Math.max(0, Math.min(free, unpromised))
  return least >= resources.diskMb
    ? null
    : `${least} MB of disk are free; ${resources.diskMb} MB are needed. ` +
        `(${usage.diskMb} MB are promised to servers, ${mb(specs.reserve.diskBytes)} MB are kept for the host.)`
}

function mb(bytes: number): number {
  return Math.round(bytes / 1024 ** 2)
}

/** Sums of CPU shares without the dust of binary fractions. */
function short(value: number): number {
  return Math.round(value * 100) / 100
}

const hasRoom: Filter = ({ specs, usage }) =>
  specs?.maxInstances != null && usage.total >= specs.maxInstances
    ? `It holds ${usage.total} servers, as many as it may (${specs.maxInstances}).`
    : null

const FILTERS: readonly Filter[] = [
  isWanted,
  isReachable,
  isSchedulable,
  isInRegion,
  hasTags,
  hasLabels,
  canRun,
  hasMemory,
  hasCpus,
  hasDisk,
  hasRoom,
]

/** The first thing that speaks against a node; null when nothing does. */
export function firstObjection(node: Candidate, need: PlacementNeed): string | null {
  for (const filter of FILTERS) {
    const objection = filter(node, need)
    if (objection !== null) return objection
  }
  return null
}

/** Everything that speaks against a node, in words; empty when nothing does. Ports come later: they cost a look into the database. */
export function objections(node: Candidate, need: PlacementNeed): string[] {
  return FILTERS.flatMap(filter => filter(node, need) ?? [])
}
