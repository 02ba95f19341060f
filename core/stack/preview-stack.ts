import type { Manifest } from '../../shared/schemas/manifest'
import { MASKED } from '../../shared/schemas/instance'
import type { VariableScope } from '../../shared/schemas/scope-variable'
import { mergeDeclarations } from '../variables/declarations'
import { isBuiltinVariable } from '../../shared/domain/builtin-variables'
import type { StackPreview } from '../../shared/schemas/stack'
import { mergeRuntime } from '../variables/merge-runtime'
import { scanPlaceholders } from '../variables/placeholders'
import { runtimePlaceholders } from '../variables/resolve-runtime'
import { resolveVariables } from '../variables/resolve-variables'
import type { ResolvedVariables } from '../variables/resolve-variables'
import { fillableEntries } from './fills'
import { mergeStack } from './merge-stack'
import type { MergedStack, StackLayer } from './merge-stack'
import { findPreviewConflicts } from './preview-conflicts'

/** A value that reaches the server from its network, region or node. */
export interface PreviewInherited {
  value: string
  secret: boolean
  scope: VariableScope
  scopeId: string
}

/**
 * What a stack would become, before there is an instance: every path with its winner, every variable with the places
 * where it stands, the merged runtime, and everything that is wrong or worth knowing. Built-in values are not known
 * yet; values of secrets are told to nobody.
 *
 * @throws AppError LINK_ESCAPE when a link of the result leads out of the stack; VARIABLE_INVALID when the layers
 *   declare too many variables.
 */
export function previewStack(
  layers: readonly StackLayer[],
  given: Readonly<Record<string, string>> = {},
  inherited: ReadonlyMap<string, PreviewInherited> = new Map(),
): StackPreview {
  const merged = mergeStack(layers)
  const manifests = layers.map(({ index }) => index.manifest)
  const runtime = mergeRuntime(manifests)
  const variables = resolveVariables({
    manifests,
    given: { ...reaching(inherited, manifests), ...given },
    builtins: new Map(),
    secretNames: [...inherited].filter(([, { secret }]) => secret).map(([name]) => name),
  })
  const isKnown = (name: string) => variables.declarations.has(name) || isBuiltinVariable(name)
  const occurrences = findOccurrences(merged, variables, runtimePlaceholders(runtime))
  const filledIn = new Set(
    fillableEntries(merged)
      .filter(({ placeholders }) => placeholders.some(isKnown))
      .map(({ path }) => path),
  )

  return {
    layers: layers.map(({ template, version, type, index }) => ({
      template,
      version,
      type,
      sha256: index.sha256,
      sizeBytes: index.sizeBytes,
      files: index.entries.filter(entry => entry.type === 'file').length,
    })),
    entries: merged.entries.map(entry => ({
      path: entry.path,
      type: entry.type,
      sizeBytes: entry.type === 'file' ? entry.sizeBytes : 0,
      sha256: entry.type === 'file' ? entry.sha256 : null,
      target: entry.type === 'symlink' ? entry.target : null,
      layer: entry.layer,
      overrides: entry.overrides,
      filledIn: filledIn.has(entry.path),
    })),
    removed: merged.removed,
    variables: describeVariables(variables, occurrences, inherited),
    unknownPlaceholders: [...occurrences]
      .filter(([name]) => !isKnown(name))
      .map(([name, places]) => ({ name, occurrences: places })),
    conflicts: findPreviewConflicts(merged, variables, runtime),
    runtime,
    totalBytes: merged.entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.sizeBytes : 0), 0),
  }
}

/** Only what the stack knows: a variable of the network that no layer declares is no mistake of this stack. */
function reaching(
  inherited: ReadonlyMap<string, PreviewInherited>,
  manifests: readonly Manifest[],
): Record<string, string> {
  const declared = mergeDeclarations(manifests)
  return Object.fromEntries(
    [...inherited]
      .filter(([name]) => declared.has(name) || isBuiltinVariable(name))
      .map(([name, { value }]) => [name, value]),
  )
}

/** Name → merged files, runtime keys and defaults in which it stands. */
function findOccurrences(
  merged: MergedStack,
  { declarations }: ResolvedVariables,
  ofRuntime: readonly { at: string; names: string[] }[],
): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const add = (names: readonly string[], place: string) => {
    for (const name of names) {
      const places = found.get(name)
      if (places) places.push(place)
      else found.set(name, [place])
    }
  }
  for (const { path, placeholders } of fillableEntries(merged)) add(placeholders, path)
  for (const { at, names } of ofRuntime) add(names, at)
  for (const [name, declaration] of declarations) {
    add(scanPlaceholders(declaration.default ?? ''), `variables.${name}.default`)
  }
  return found
}

function describeVariables(
  { declarations, missing, secrets }: ResolvedVariables,
  occurrences: ReadonlyMap<string, string[]>,
  inherited: ReadonlyMap<string, PreviewInherited>,
): StackPreview['variables'] {
  const builtInUsed = [...occurrences.keys()].filter(isBuiltinVariable)
  return [...new Set([...declarations.keys(), ...builtInUsed])].sort().map(name => {
    const declaration = declarations.get(name)
    const from = inherited.get(name)
    const isSecret = secrets.has(name)
    return {
      name,
      builtIn: isBuiltinVariable(name),
      declaredBy: declaration?.layer ?? null,
      description: declaration?.description ?? null,
      default: isSecret ? null : (declaration?.default ?? null),
      required: declaration?.required ?? false,
      secret: isSecret,
      pattern: declaration?.pattern ?? null,
      inherited: from ? { scope: from.scope, id: from.scopeId, value: isSecret ? MASKED : from.value } : null,
      missing: missing.includes(name),
      occurrences: occurrences.get(name) ?? [],
    }
  })
}
