import { parentPath } from '../paths/path-tree'
import type { MergedStack } from './merge-stack'

/**
 * The paths that a directory of whiteouts on top of all layers must hide, so that an overlay mount of
 * `whiteouts : last layer : … : first layer` shows exactly the merged stack; a folder that is gone is one path.
 *
 * Why this is enough: an overlay shows the topmost entry of a path and joins folders downwards until something that
 * is no folder, which is what merging does. Only `remove` takes away something an overlay would show, so it shows too
 * much and never too little or another layer's bytes. (Linux, Documentation/filesystems/overlayfs.rst.)
 */
export function neededWhiteouts({ entries, removed, holders, layers }: MergedStack): string[] {
  if (removed.length === 0) return []
  const kept = new Set(entries.map(({ path }) => path))
  const joined = new Map<string, readonly number[]>([['', layers.map((_, number) => number).reverse()]])

  /** The layers whose folders an overlay joins at a path, from the last to the first. */
  const joinedAt = (path: string): readonly number[] => {
    const known = joined.get(path)
    if (known) return known
    const types = new Map(holders.get(path)?.map(({ layer, type }) => [layer, type]))
    const result: number[] = []
    for (const layer of joinedAt(parentPath(path))) {
      const type = types.get(layer)
      if (type === 'dir') result.push(layer)
      else if (type !== undefined) break
    }
    joined.set(path, result)
    return result
  }

  return removed
    .map(({ path }) => path)
    .filter(path => {
      const parent = parentPath(path)
      if (parent !== '' && !kept.has(parent)) return false
      const shown = joinedAt(parent)
      return holders.get(path)?.some(({ layer }) => shown.includes(layer)) ?? false
    })
}
