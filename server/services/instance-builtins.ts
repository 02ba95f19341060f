import { builtinVariables } from '../../core/variables/builtin-variables'
import { mergeRuntime } from '../../core/variables/merge-runtime'
import { resolveResources } from '../../core/variables/resolve-runtime'
import type { Manifest } from '../../shared/schemas/manifest'
import { effectiveAddress } from '../domain/effective-specs'
import type { InstanceRecord, NodeRecord } from '../ports'

/** What Strata itself knows of a server on its node; of one without a node, all but what only a node has. */
export function instanceBuiltins(
  record: InstanceRecord,
  node: NodeRecord | undefined,
  manifests: readonly Manifest[],
): Map<string, string> {
  return builtinVariables({
    instance: record,
    node: node ?? { name: '', region: record.placement.region ?? null },
    publicHost: (node && effectiveAddress(node)?.address) ?? '',
    // Without a port of its own the server listens on the one it is given.
    ports: record.ports.map(({ name, container, host, expose }) => ({
      name,
      listen: container ?? host,
      public: expose === 'none' ? null : host,
    })),
    memoryMb: resolveResources(mergeRuntime(manifests).resources, record.resources).memoryMb,
  })
}
