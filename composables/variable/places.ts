import { WHOLE_NETWORK, type ScopeVariable, type VariableScope } from '../../shared/schemas/scope-variable'

/** Somewhere variables are given for many servers at once. */
export interface VariablePlace {
  scope: VariableScope
  id: string
  /** Name of the region or node; empty for the network, and for a node that is not known here. */
  name: string
}

interface KnownNode {
  id: string
  name: string
  region: string | null
}

/** Every place that could have variables, farthest first: the network, regions by name, nodes by name. */
export function placesOf(nodes: readonly KnownNode[], variables: readonly ScopeVariable[]): VariablePlace[] {
  const idsOf = (scope: VariableScope) => variables.filter(variable => variable.scope === scope).map(({ id }) => id)
  const regions = new Set([...nodes.flatMap(node => node.region ?? []), ...idsOf('region')])
  const names = new Map([
    ...idsOf('node').map(id => [id, ''] as const),
    ...nodes.map(node => [node.id, node.name] as const),
  ])
  return [
    { scope: 'network', id: WHOLE_NETWORK, name: '' },
    ...[...regions].sort().map(region => ({ scope: 'region' as const, id: region, name: region })),
    ...[...names]
      .map(([id, name]) => ({ scope: 'node' as const, id, name }))
      .sort((one, other) => one.name.localeCompare(other.name)),
  ]
}

/** Variables of each place that has some, in the order of the places; with `needle` only those whose name, value or place holds it. */
export function sectionsOf(
  places: readonly VariablePlace[],
  variables: readonly ScopeVariable[],
  needle = '',
): { place: VariablePlace; variables: ScopeVariable[] }[] {
  const wanted = needle.trim().toLowerCase()
  return places.flatMap(place => {
    const isPlace = place.name.toLowerCase().includes(wanted)
    const found = variables.filter(
      variable =>
        variable.scope === place.scope &&
        variable.id === place.id &&
        (isPlace || variable.name.toLowerCase().includes(wanted) || variable.value.toLowerCase().includes(wanted)),
    )
    return found.length ? [{ place, variables: found }] : []
  })
}
