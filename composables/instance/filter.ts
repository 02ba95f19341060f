import type { LocationQuery } from 'vue-router'
import { INSTANCE_STATE_NAMES, type InstanceState } from '../../shared/domain/instance-state'
import type { Instance } from '../../shared/schemas/instance'

/** What the list of servers is narrowed to; lives in the address bar, with the names the API uses. */
export interface InstanceFilter {
  states: InstanceState[]
  nodes: string[]
  templates: string[]
  text: string
}

const list = (value: LocationQuery[string] | undefined) =>
  [value]
    .flat()
    .flatMap(part => (part ?? '').split(','))
    .map(part => part.trim())
    .filter(Boolean)

/** Unknown states in an address are left out: an old bookmark still opens. */
export function filterFromQuery(query: LocationQuery): InstanceFilter {
  const known = new Set<string>(INSTANCE_STATE_NAMES)
  return {
    states: list(query.state).filter((state): state is InstanceState => known.has(state)),
    nodes: list(query.node),
    templates: list(query.template),
    text: [query.q].flat()[0]?.trim() ?? '',
  }
}

export function queryFromFilter(filter: InstanceFilter): Record<string, string> {
  const query: Record<string, string> = {}
  if (filter.states.length) query.state = filter.states.join(',')
  if (filter.nodes.length) query.node = filter.nodes.join(',')
  if (filter.templates.length) query.template = filter.templates.join(',')
  if (filter.text) query.q = filter.text
  return query
}

export function isFiltered(filter: InstanceFilter): boolean {
  return filter.states.length + filter.nodes.length + filter.templates.length > 0 || filter.text !== ''
}

/** Within one kind any of the wanted ones, all kinds together. Destroyed servers are in only when asked for by state. */
export function matchesFilter(instance: Instance, filter: InstanceFilter): boolean {
  if (filter.states.length ? !filter.states.includes(instance.state) : instance.state === 'DESTROYED') return false
  if (filter.nodes.length && !(instance.node && filter.nodes.includes(instance.node.id))) return false
  if (filter.templates.length && !instance.layers.some(layer => filter.templates.includes(layer.template))) return false
  return filter.text === '' || haystack(instance).includes(filter.text.toLowerCase())
}

function haystack(instance: Instance): string {
  return [instance.name, instance.id, instance.description, instance.gamemode, instance.address, instance.node?.name]
    .filter(Boolean)
    .join('\n')
    .toLowerCase()
}
