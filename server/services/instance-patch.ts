import { AppError } from '../../shared/errors'
import type { Actor } from '../../shared/schemas/event'
import type { InstancePort, PatchInstance } from '../../shared/schemas/instance'
import type { InstanceChange } from '../domain/instance-change'
import { keepHosts } from '../domain/ports/wanted-ports'
import { refuseDestroyed, wishStart, wishStop } from '../domain/wishes/lifecycle'
import { patchFields } from '../domain/wishes/patch-fields'
import type { PatchedFields } from '../domain/wishes/patch-fields'
import type { InstanceRecord, LayerSource, SecretBox } from '../ports'
import type { Define } from './instance-definition'
import { openVariables, sealVariables, unmask } from './instance-variables'
import type { PlacementService } from './placement-service'
import type { VariableService } from './variable-service'

export interface InstancePatchDeps {
  define: Define
  layers: Pick<LayerSource, 'lock'>
  placement: Pick<PlacementService, 'portsOn'>
  placeOf: VariableService['placeOf']
  secrets: SecretBox
}

/**
 * Makes the change that a PATCH asks for. Everything is judged as at creation and nothing is half done; what makes a server
 * is worked out anew as a whole, because a layer may name other ports, variables and limits.
 */
export function createPatch(deps: InstancePatchDeps) {
  const { define, layers, placement, secrets } = deps

  async function definedFields(record: InstanceRecord, patch: PatchInstance): Promise<PatchedFields> {
    const given = patch.variables ? unmask(patch.variables, record, secrets) : openVariables(record, secrets)
    const fields = {
      name: patch.name ?? record.name,
      environment: patch.environment === undefined ? record.environment : patch.environment,
      layers: patch.layers ? await layers.lock(patch.layers) : record.layers,
      portRequests: patch.ports ?? record.portRequests,
      resources: patch.resources ?? record.resources,
      restart: patch.restart === undefined ? record.restart : (patch.restart?.policy ?? null),
    }
    const defined = await define({ id: record.id, given, place: deps.placeOf(record), ...fields })
    // What was a secret once stays one, whatever other layers say.
    const secretNames = Object.keys(given).filter(
      name => defined.secretNames.includes(name) || record.secretNames.includes(name),
    )
    return {
      ...fields,
      ...keepSealed(record, given, sealVariables(given, secretNames, secrets)),
      effective: defined.effective,
      ports: await portsFor(record, keepHosts(defined.ports, record.ports)),
    }
  }

  /** A value is sealed differently each time: one that did not change stays as it was. */
  function keepSealed(record: InstanceRecord, given: Record<string, string>, sealed: ReturnType<typeof sealVariables>) {
    const known = openVariables(record, secrets)
    const variables = Object.fromEntries(
      Object.entries(sealed.variables).map(([name, value]) => {
        const isSame = known[name] === given[name] && record.secretNames.includes(name)
        return [name, isSame ? (record.variables[name] ?? value) : value]
      }),
    )
    return { variables, secretNames: sealed.secretNames }
  }

  async function portsFor(record: InstanceRecord, wanted: InstancePort[]): Promise<InstancePort[]> {
    if (record.nodeId === null) return wanted
    const { ports, problems } = await placement.portsOn(record.nodeId, wanted, record.id)
    if (problems.length === 0) return ports
    const issues = problems.map(({ port, message }) => ({ path: `ports.${port}`, message }))
    throw new AppError(
      'PORT_UNAVAILABLE',
      `${issues.map(({ message }) => message).join(' ')} Choose another port, or leave it to Strata.`,
      { issues },
    )
  }

  return async (record: InstanceRecord, patch: PatchInstance, actor: Actor): Promise<InstanceChange | null> => {
    refuseDestroyed(record)
    const { description, persistent, placement: place, desired, ...rest } = patch
    const fields: PatchedFields = {
      ...(Object.keys(rest).length > 0 ? await definedFields(record, rest) : {}),
      ...(description === undefined ? {} : { description }),
      ...(persistent === undefined ? {} : { persistent }),
      ...(place === undefined
        ? {}
        : { placement: { ...place, ...(record.placement.node ? { node: record.placement.node } : {}) } }),
    }
    const changed = patchFields(record, fields, actor)
    const wished = desired && (desired === 'running' ? wishStart : wishStop)({ ...record, ...changed?.change }, actor)
    if (!wished) return changed
    return { change: { ...changed?.change, ...wished.change }, events: [...(changed?.events ?? []), ...wished.events] }
  }
}
