import { onlyBuiltin } from '../../core/variables/builtin-variables'
import { mergeRuntime } from '../../core/variables/merge-runtime'
import { resolveRuntime } from '../../core/variables/resolve-runtime'
import { resolveVariables } from '../../core/variables/resolve-variables'
import { imageToRun } from '../domain/image-lock'
import type { LayerSource, SecretBox, SpecBuilder } from '../ports'
import { instanceBuiltins } from './instance-builtins'
import { refuseUnresolved } from './instance-definition'
import { inheritedValues, openVariables } from './instance-variables'
import type { VariableService } from './variable-service'

/** The only place where secrets are opened for a node, anew for every prepare; the result is never stored. */
export function createSpecBuilder(deps: {
  layers: Pick<LayerSource, 'manifests'>
  variables: Pick<VariableService, 'inherited'>
  secrets: Pick<SecretBox, 'open'>
}): SpecBuilder {
  return {
    async build(record, node) {
      const loaded = await deps.layers.manifests(record.layers)
      const manifests = loaded.map(({ manifest }) => manifest)
      const merged = mergeRuntime(manifests)
      const inherited = deps.variables.inherited({ nodeId: node.id, region: node.region })
      const resolved = resolveVariables({
        manifests,
        given: { ...inheritedValues(inherited), ...openVariables(record, deps.secrets) },
        builtins: instanceBuiltins(record, node, manifests),
      })
      refuseUnresolved(resolved, inherited)
      const runtime = resolveRuntime(merged, resolved.values, {
        resources: record.resources,
        restart: record.restart && { policy: record.restart },
        portNames: record.ports.map(({ name }) => name),
      })
      const { image, freshImage } = imageToRun(runtime.image, record.imageLock)
      return {
        id: record.id,
        name: record.name,
        layers: loaded.map(({ layer, sizeBytes }) => ({ ...layer, sizeBytes })),
        variables: Object.fromEntries(resolved.values),
        builtins: Object.fromEntries(onlyBuiltin(resolved.values)),
        runtime: { ...runtime, image },
        ...(freshImage ? { freshImage } : {}),
        ports: record.ports,
        persistent: record.persistent,
        allowProcessFallback: record.allowProcessFallback,
      }
    },
  }
}
