import type { RuntimeSection } from '../../shared/schemas/runtime'
import type { StackPreview } from '../../shared/schemas/stack'
import { findRuntimeGaps } from '../variables/resolve-runtime'
import type { ResolvedVariables } from '../variables/resolve-variables'
import { findMissingRequired } from './check-required'
import type { MergedStack, TypeConflict } from './merge-stack'

type Conflict = StackPreview['conflicts'][number]

const TYPE_NAMES = { file: 'file', dir: 'folder', symlink: 'link' } as const

/** What keeps a server from being made of this stack (`blocking`), and what its operator should know. */
export function findPreviewConflicts(
  merged: MergedStack,
  variables: ResolvedVariables,
  runtime: RuntimeSection,
): Conflict[] {
  return [
    ...findMissingRequired(merged, merged.layers).map(({ path, message }) =>
      blocking('REQUIRED_FILE_MISSING', path, message),
    ),
    ...findRuntimeGaps(runtime).map(({ path, message }) => blocking('RUNTIME_INCOMPLETE', path, message)),
    ...variables.missing.map(name =>
      blocking('VARIABLES_MISSING', `variables.${name}`, 'is required and has no value'),
    ),
    ...variables.invalid.map(({ name, message }) => blocking('VARIABLE_INVALID', `variables.${name}`, message)),
    ...variables.unknownGiven.map(name =>
      notice('VARIABLE_UNKNOWN', `variables.${name}`, 'was given, but no layer declares it: it is never filled in'),
    ),
    ...merged.conflicts.map(conflict => notice('TYPE_CHANGED', conflict.path, describeTypeChange(merged, conflict))),
    ...notYetCarriedOut(merged),
  ]
}

function describeTypeChange({ layers }: MergedStack, { below, above }: TypeConflict): string {
  const nameOf = (layer: number) => layers[layer]?.template ?? String(layer)
  return `is a ${TYPE_NAMES[below.type]} in ${nameOf(below.layer)}; the ${TYPE_NAMES[above.type]} of ${nameOf(above.layer)} replaces it with all that is in it`
}

/** `paths` says who owns what after the first start; nodes do not act on it yet, and nobody shall think they do. */
function notYetCarriedOut({ layers }: MergedStack): Conflict[] {
  return layers.flatMap(({ template, version, index }) => {
    if (!index.manifest.paths) return []
    const message = `${template}@${version} sets path policies (managed, seed, reset). This version of Strata does not carry them out: what the server changed stays and hides the layer's file.`
    return [notice('PATHS_NOT_CARRIED_OUT', null, message)]
  })
}

function blocking(code: string, path: string | null, message: string): Conflict {
  return { code, path, message, blocking: true }
}

function notice(code: string, path: string | null, message: string): Conflict {
  return { code, path, message, blocking: false }
}
