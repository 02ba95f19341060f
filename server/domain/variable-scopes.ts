import { VARIABLE_SCOPES, WHOLE_NETWORK } from '../../shared/schemas/scope-variable'
import type { VariableScope } from '../../shared/schemas/scope-variable'

/** A variable of the network, a region or a node; sealed when it is a secret, and null once it was taken away. */
export interface ScopeVariableRecord {
  scope: VariableScope
  scopeId: string
  name: string
  value: string | null
  secret: boolean
  updatedAt: number
  updatedBy: string
}

/** Where a server is, or will be as far as that is known. */
export interface VariablePlace {
  nodeId: string | null
  region: string | null
}

/** The variables that reach a server at a place, by name, the nearest first; ones that were taken away are among them. */
export function reachingVariables(
  all: readonly ScopeVariableRecord[],
  place: VariablePlace,
): Map<string, ScopeVariableRecord[]> {
  const reached = new Map<string, ScopeVariableRecord[]>()
  for (const scope of VARIABLE_SCOPES.toReversed())
    for (const record of all) {
      if (record.scope !== scope || record.scopeId !== idAt(scope, place)) continue
      reached.set(record.name, [...(reached.get(record.name) ?? []), record])
    }
  return reached
}

function idAt(scope: ScopeVariableRecord['scope'], place: VariablePlace): string | null {
  return { network: WHOLE_NETWORK, region: place.region, node: place.nodeId }[scope]
}
