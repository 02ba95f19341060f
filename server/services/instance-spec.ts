import { builtinVariables, onlyBuiltin } from '../../core/variables/builtin-variables'
import { mergeRuntime } from '../../core/variables/merge-runtime'
import { resolveResources, resolveRuntime } from '../../core/variables/resolve-runtime'
import { resolveVariables } from '../../core/variables/resolve-variables'
import { effectiveAddress } from '../domain/effective-specs'
import { imageToRun } from '../domain/image-lock'
import type { InstanceRecord, LayerSource, NodeRecord, SecretBox, SpecBuilder } from '../ports'
import { refuseUnresolved } from './instance-definition'
import { openVariables } from './instance-variables'

/** The only place where secrets are opened for a node, anew for every prepare; the result is never stored. */
export function createSpecBuilder(deps: {
  layers: Pick<LayerSource, 'manifests'>
  secrets: Pick<SecretBox, 'open'>
}): SpecBuilder {
  return {
    async build(record, node) {
      const loaded = await deps.layers.manifests(record.layers)
      const manifests = loaded.map(({ manifest }) => manifest)
      const merged = mergeRuntime(manifests)
      const { memoryMb } = resolveResources(merged.resources, record.resources)
      const builtins = builtinsOf(record, node, memoryMb)
      const resolved = resolveVariables({ manifests, given: openVariables(record, deps.secrets), builtins })
      refuseUnresolved(resolved)
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

function builtinsOf(record: InstanceRecord, node: NodeRecord, memoryMb: number): Map<string, string> {
  return builtinVariables({
    instance: record,
    node,
    publicHost: effectiveAddress(node)?.address ?? '',
    // Without a port of its own the server listens on the one it is given.
    ports: record.ports.map(({ name, container, host, expose }) => ({
      name,
      listen: container ?? host,
      public: expose === 'none' ? null : host,
    })),
    memoryMb,
  })
}
