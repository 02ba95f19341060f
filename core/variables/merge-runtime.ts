import type { Manifest } from '../../shared/schemas/manifest'
import type { Readiness, RuntimePort, RuntimeSection } from '../../shared/schemas/runtime'

/**
 * The `runtime` sections of all layers as one, the last one wins:
 * - `image`, `command`, `workdir`, `restart` as a whole;
 * - `env` by name, `exitCodes` by code, `resources` and `stop` by key;
 * - `ports` by name, each as a whole, so that a layer can leave `container` out again; new ones come at the end, and
 *   the first stays the first: it is `PORT`;
 * - `ready`: log, tcp and http exclude each other, so a layer that names one replaces what was there; a layer with
 *   only `timeoutSeconds` changes only that.
 */
export function mergeRuntime(manifests: readonly Manifest[]): RuntimeSection {
  return manifests.reduce<RuntimeSection>((below, { runtime }) => (runtime ? mergeSection(below, runtime) : below), {})
}

function mergeSection(below: RuntimeSection, above: RuntimeSection): RuntimeSection {
  return {
    ...below,
    ...above,
    ...mergedKey('env', below.env, above.env),
    ...mergedKey('exitCodes', below.exitCodes, above.exitCodes),
    ...mergedKey('resources', below.resources, above.resources),
    ...mergedKey('stop', below.stop, above.stop),
    ...(below.ports && above.ports ? { ports: mergePorts(below.ports, above.ports) } : {}),
    ...(below.ready && above.ready ? { ready: mergeReady(below.ready, above.ready) } : {}),
  }
}

function mergedKey<Key extends string, Value extends object>(
  key: Key,
  below: Value | undefined,
  above: Value | undefined,
): { [Name in Key]?: Value } {
  const merged: { [Name in Key]?: Value } = {}
  if (below && above) merged[key] = { ...below, ...above }
  return merged
}

function mergePorts(below: readonly RuntimePort[], above: readonly RuntimePort[]): RuntimePort[] {
  const byName = new Map(below.map(port => [port.name, port]))
  for (const port of above) byName.set(port.name, port)
  return [...byName.values()]
}

function mergeReady(below: Readiness, above: Readiness): Readiness {
  const { log, tcp, http, path, ...rest } = below
  const replaces = (above.log ?? above.tcp ?? above.http) !== undefined
  return replaces ? { ...rest, ...above } : { ...below, ...above }
}
