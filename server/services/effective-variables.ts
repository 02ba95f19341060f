import { mayHaveProcess } from '../../shared/domain/instance-state'
import { MASKED } from '../../shared/schemas/instance'
import type { EffectiveVariable } from '../../shared/schemas/scope-variable'
import { resolveVariables } from '../../core/variables/resolve-variables'
import type { ResolvedVariables } from '../../core/variables/resolve-variables'
import type { InstanceRecord, LayerSource, NodeRecord, SecretBox } from '../ports'
import type { ScopeVariableRecord } from '../domain/variable-scopes'
import { instanceBuiltins } from './instance-builtins'
import { inheritedSecrets, inheritedValues, openVariables } from './instance-variables'
import type { VariableService } from './variable-service'

/** Says of every variable of a server which value its next start fills in, where that comes from, and what it hides. */
export function createEffectiveVariables(deps: {
  layers: Pick<LayerSource, 'manifests'>
  variables: Pick<VariableService, 'inherited' | 'reaching' | 'placeOf'>
  secrets: Pick<SecretBox, 'open'>
  nodeOf: (id: string) => NodeRecord | undefined
}) {
  const { layers, variables, secrets, nodeOf } = deps

  return async (record: InstanceRecord): Promise<EffectiveVariable[]> => {
    const loaded = await layers.manifests(record.layers)
    const manifests = loaded.map(({ manifest }) => manifest)
    const place = variables.placeOf(record)
    const inherited = variables.inherited(place)
    const reaching = variables.reaching(place)
    const node = record.nodeId === null ? undefined : nodeOf(record.nodeId)
    const resolved = resolveVariables({
      manifests,
      given: { ...inheritedValues(inherited), ...openVariables(record, secrets) },
      builtins: instanceBuiltins(record, node, manifests),
      secretNames: [...inheritedSecrets(inherited), ...record.secretNames],
    })
    const startedAt = mayHaveProcess(record.state) ? (record.observed?.startedAt ?? null) : null
    const addresses = loaded.map(({ layer }) => `${layer.template}@${layer.version}`)

    const names = new Set([...resolved.declarations.keys(), ...resolved.values.keys()])
    return [...names].sort().map(name => {
      const scopes = reaching.get(name) ?? []
      const isSecret = resolved.secrets.has(name) || scopes.some(scope => scope.secret)
      const show = (value: string) => (isSecret ? MASKED : value)
      const value = resolved.values.get(name)
      const { origin, originId } = originOf(name, record, inherited, resolved, addresses)
      const hides = hidden(name, origin, scopes, resolved, addresses)
      return {
        name,
        value: value === undefined ? null : show(value),
        secret: isSecret,
        origin,
        originId,
        hides: hides.map(other => ({ ...other, value: show(other.value) })),
        pending: startedAt !== null && origin !== 'instance' && scopes.some(scope => scope.updatedAt > startedAt),
      }
    })
  }
}

type Origin = Pick<EffectiveVariable, 'origin' | 'originId'>

function originOf(
  name: string,
  record: InstanceRecord,
  inherited: ReturnType<VariableService['inherited']>,
  { origins, declarations }: ResolvedVariables,
  addresses: readonly string[],
): Origin {
  const origin = origins.get(name) ?? 'empty'
  if (origin === 'given') {
    const from = inherited.get(name)
    if (name in record.variables || !from) return { origin: 'instance', originId: null }
    return { origin: from.scope, originId: from.scope === 'network' ? null : from.scopeId }
  }
  if (origin === 'default')
    return { origin: 'template', originId: addresses[declarations.get(name)?.layer ?? 0] ?? null }
  return { origin, originId: null }
}

/** What the same name would have been without what counts. Values of secrets are masked by whoever shows them. */
function hidden(
  name: string,
  counts: Origin['origin'],
  scopes: readonly ScopeVariableRecord[],
  { declarations }: ResolvedVariables,
  addresses: readonly string[],
): EffectiveVariable['hides'] {
  const given = scopes.flatMap(({ scope, scopeId, value, secret }) =>
    value === null || scope === counts
      ? []
      : [{ origin: scope, originId: scope === 'network' ? null : scopeId, value: secret ? MASKED : value }],
  )
  const farther = counts === 'instance' ? given : given.slice(given.findIndex(other => other.origin === counts) + 1)
  const declaration = declarations.get(name)
  if (declaration?.default === undefined || counts === 'template') return farther
  return [
    ...farther,
    { origin: 'template', originId: addresses[declaration.layer] ?? null, value: declaration.default },
  ]
}
