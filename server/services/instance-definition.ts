import { builtinVariables } from '../../core/variables/builtin-variables'
import { mergeRuntime } from '../../core/variables/merge-runtime'
import { resolveResources, resolveRuntime } from '../../core/variables/resolve-runtime'
import { resolveVariables } from '../../core/variables/resolve-variables'
import type { ResolvedVariables } from '../../core/variables/resolve-variables'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import type { ErrorIssue } from '../../shared/errors'
import type { InstancePort, LockedLayer, PortRequest } from '../../shared/schemas/instance'
import type { Resources, RestartPolicy } from '../../shared/schemas/runtime'
import { wantedPorts } from '../domain/ports/wanted-ports'
import type { VariablePlace } from '../domain/variable-scopes'
import type { InstanceRecord, LayerSource } from '../ports'
import { inheritedSecrets, inheritedValues } from './instance-variables'
import type { InheritedVariable, VariableService } from './variable-service'

/** What makes a server, before it has a node. Values are in clear. */
export interface DefinitionInput {
  id: string
  name: string
  environment: string | null
  layers: LockedLayer[]
  given: Record<string, string>
  /** Where it is or will be, as far as that is known: what reaches it there counts where nothing is given. */
  place: VariablePlace
  portRequests: PortRequest[]
  resources: Resources
  restart: RestartPolicy | null
}

export interface Definition {
  ports: InstancePort[]
  effective: InstanceRecord['effective']
  /** Given variables whose values must never be shown. */
  secretNames: string[]
}

/**
 * Works out whether layers, variables and ports make a server, and what follows from them for placement.
 *
 * Throws VARIABLES_MISSING, VARIABLE_INVALID, RUNTIME_INCOMPLETE, VALIDATION_FAILED or PORT_UNAVAILABLE with the names or
 * fields at fault, never a value.
 */
export type Define = (input: DefinitionInput) => Promise<Definition>

export function createDefine(
  layers: Pick<LayerSource, 'manifests'>,
  variables: Pick<VariableService, 'inherited'>,
): Define {
  return async input => {
    const manifests = (await layers.manifests(input.layers)).map(({ manifest }) => manifest)
    const merged = mergeRuntime(manifests)
    const { ports, invalid, clashing } = wantedPorts(merged.ports ?? [], input.portRequests)
    refuse('VALIDATION_FAILED', 'Some ports are not right', invalid)
    refuse('PORT_UNAVAILABLE', 'Some ports cannot be had together', clashing)

    const { memoryMb } = resolveResources(merged.resources, input.resources)
    const inherited = variables.inherited(input.place)
    const resolved = resolveVariables({
      manifests,
      given: { ...inheritedValues(inherited), ...input.given },
      builtins: provisionalBuiltins(input, ports, memoryMb),
      secretNames: inheritedSecrets(inherited),
    })
    refuseUnresolved(resolved, inherited)
    const runtime = resolveRuntime(merged, resolved.values, {
      resources: input.resources,
      restart: input.restart && { policy: input.restart },
      portNames: ports.map(({ name }) => name),
    })
    const readyTimeoutSeconds = runtime.ready.timeoutSeconds ?? POLICY.ready.timeoutSeconds
    return {
      ports,
      effective: { resources: runtime.resources, readyTimeoutSeconds },
      secretNames: Object.keys(input.given).filter(name => resolved.secrets.has(name)),
    }
  }
}

/** VARIABLES_MISSING or VARIABLE_INVALID, with names, where a wrong value comes from, and never a value. */
export function refuseUnresolved(
  { missing, invalid, declarations }: ResolvedVariables,
  inherited: ReadonlyMap<string, Pick<InheritedVariable, 'scope' | 'scopeId'>>,
): void {
  const issues = missing.map(name => {
    const { description } = declarations.get(name) ?? {}
    return { path: `variables.${name}`, message: `${name} needs a value${description ? ` (${description})` : ''}` }
  })
  refuse('VARIABLES_MISSING', 'Some variables need a value', issues)
  const wrong = invalid.map(({ name, message }) => ({
    path: `variables.${name}`,
    message: `${name}${givenBy(inherited.get(name))} ${message}`,
  }))
  refuse('VARIABLE_INVALID', 'Some variables have a value that is not allowed', wrong)
}

function givenBy(inherited: Pick<InheritedVariable, 'scope' | 'scopeId'> | undefined): string {
  if (!inherited) return ''
  const { scope, scopeId } = inherited
  return scope === 'network' ? ' (the network has a value)' : ` (the ${scope} ${scopeId} has a value)`
}

function refuse(
  code: 'VALIDATION_FAILED' | 'PORT_UNAVAILABLE' | 'VARIABLES_MISSING' | 'VARIABLE_INVALID',
  what: string,
  issues: ErrorIssue[],
): void {
  if (issues.length === 0) return
  throw new AppError(code, `${what}: ${issues.map(({ message }) => message).join('; ')}.`, { issues })
}

/** Stand-ins of the right shape for what is known only on a node, so that everything else can be judged already. */
function provisionalBuiltins(
  input: DefinitionInput,
  ports: readonly InstancePort[],
  memoryMb: number,
): Map<string, string> {
  return builtinVariables({
    instance: { id: input.id, name: input.name, environment: input.environment },
    node: { name: 'node', region: null },
    publicHost: '127.0.0.1',
    ports: ports.map(({ name, container, host, expose }) => ({
      name,
      listen: container ?? host ?? STAND_IN_PORT,
      public: expose === 'none' ? null : (host ?? STAND_IN_PORT),
    })),
    memoryMb,
  })
}

const STAND_IN_PORT = 25_000
