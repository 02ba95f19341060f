import type { FileEntry } from '../../shared/schemas/layer-index'
import { compileGlobs } from './globs'
import type { GlobMatcher } from './globs'
import type { MergedEntry, MergedStack } from './merge-stack'

/** Files with these endings are filled in; a layer's `substitute` adds files of its own. In any case of letters. */
export const FILLED_EXTENSIONS = [
  'json',
  'yaml',
  'yml',
  'toml',
  'properties',
  'conf',
  'cfg',
  'ini',
  'xml',
  'txt',
  'env',
] as const

const EXTENSIONS: ReadonlySet<string> = new Set(FILLED_EXTENSIONS)

/** A file of the result that may hold variables, whether or not they are known. */
export type FillableEntry = Extract<MergedEntry, FileEntry> & { placeholders: string[] }

/**
 * The files of a merged stack in which `${NAME}` is looked at: text of at most 4 MiB with such a place in it, by its
 * ending or by a `substitute` of the layer it comes from. Links are never followed to one.
 */
export function fillableEntries({ entries, layers }: MergedStack): FillableEntry[] {
  const substitute = layers.map(({ index }) => compileGlobs(index.manifest.substitute ?? []))
  return entries.filter(entry => isFillable(entry, substitute))
}

function isFillable(entry: MergedEntry, substitute: readonly GlobMatcher[]): entry is FillableEntry {
  if (entry.type !== 'file' || !entry.placeholders) return false
  return EXTENSIONS.has(extension(entry.path)) || (substitute[entry.layer]?.(entry.path) ?? false)
}

/** What stands behind the last dot of the name: `env` for `.env` too. */
function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
}
