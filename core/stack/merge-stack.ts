import type { IndexEntry, LayerIndex } from '../../shared/schemas/layer-index'
import type { TemplateType } from '../../shared/schemas/template-type'
import { refuseEscapingLinks } from '../paths/link-targets'
import { byPath, parentPath, TreeNode, walkTree } from '../paths/path-tree'
import { compileGlobs } from './globs'
import type { GlobMatcher } from './globs'

/** A template version at its place in a stack. The place is its number: 0 is the first, lowest layer. */
export interface StackLayer {
  template: string
  version: string
  type: TemplateType
  index: LayerIndex
}

/** A path of the result. */
export type MergedEntry = IndexEntry & {
  /** The layer it comes from; for a folder the last one that has it. */
  layer: number
  /** Lower layers that have the same path and lose it, nearest first. A folder over folders takes nothing away. */
  overrides: number[]
}

/** A path of some layer that is not in the result: taken away by `remove`, or hidden below what is no folder. */
export interface RemovedPath {
  path: string
  /** The layer that would show it. */
  layer: number
  /** The layer that took it away. */
  by: number
}

/** A path that changes what it is from one layer to another. */
export interface TypeConflict {
  path: string
  below: { layer: number; type: IndexEntry['type'] }
  above: { layer: number; type: IndexEntry['type'] }
}

export interface MergedStack {
  layers: readonly StackLayer[]
  /** Sorted by path. */
  entries: MergedEntry[]
  /** Sorted by path. */
  removed: RemovedPath[]
  conflicts: TypeConflict[]
  /** Who has a path at all, from the first layer to the last. */
  holders: ReadonlyMap<string, readonly Holder[]>
}

interface Holder {
  layer: number
  type: IndexEntry['type']
}
interface Placed {
  entry: IndexEntry
  layer: number
}
type Node = TreeNode<Placed | undefined>

/**
 * What the layers give together. From the first to the last, each layer first takes away from those below it what
 * its `remove` names (a folder with everything in it), then puts its own entries in place: a file or link replaces
 * whatever is there, a folder joins a folder and replaces anything else. So nothing ever lies behind a link.
 *
 * @throws AppError LINK_ESCAPE when a link of the result really leads out of the stack, through whatever layers'
 *   links. Links to nothing stay.
 */
export function mergeStack(layers: readonly StackLayer[]): MergedStack {
  const merge = new Merge()
  const holders = new Map<string, Holder[]>()
  for (const [layer, { index }] of layers.entries()) {
    const globs = index.manifest.remove ?? []
    if (globs.length > 0) merge.remove(compileGlobs(globs), layer)
    for (const entry of index.entries) {
      note(holders, entry, layer)
      merge.place(entry, layer)
    }
  }

  const entries: MergedEntry[] = []
  walkTree(merge.root, '', (path, { value }) => {
    if (value) entries.push({ ...value.entry, layer: value.layer, overrides: overridden(value, holders.get(path)) })
  })
  refuseEscapingLinks(
    entries.filter(entry => entry.type === 'symlink'),
    'the stack',
  )
  return {
    layers,
    entries: entries.sort(byPath),
    removed: [...merge.removed.values()].sort(byPath),
    conflicts: merge.conflicts,
    holders,
  }
}

/** A stack while it is merged, from the first layer to the last. */
class Merge {
  readonly root: Node = new TreeNode(undefined)
  readonly removed = new Map<string, RemovedPath>()
  readonly conflicts: TypeConflict[] = []
  /** Entries are sorted: most share their folder with the one before. */
  #last: { path: string; node: Node } | undefined

  remove(matches: GlobMatcher, by: number): void {
    this.#last = undefined
    this.#removeBelow(this.root, '', matches, by)
  }

  place(entry: IndexEntry, layer: number): void {
    const folderPath = parentPath(entry.path)
    const folder = this.#folder(folderPath)
    const name = folderPath === '' ? entry.path : entry.path.slice(folderPath.length + 1)
    const there = folder.child(name)
    const placed = { entry, layer }
    if (there?.value?.entry.type === entry.type) {
      there.value = placed
      return
    }
    if (there?.value) {
      const below = { layer: there.value.layer, type: there.value.entry.type }
      this.conflicts.push({ path: entry.path, below, above: { layer, type: entry.type } })
      this.#takeAway(folder, name, entry.path, layer)
    }
    this.removed.delete(entry.path)
    folder.addChild(name, placed)
  }

  #folder(path: string): Node {
    if (path === '') return this.root
    if (this.#last?.path === path) return this.#last.node
    let node: Node | undefined = this.root
    for (const name of path.split('/')) node = node?.child(name)
    if (!node) throw new TypeError(`An index is not in order: ${path} is missing before what lies in it`)
    this.#last = { path, node }
    return node
  }

  #removeBelow(folder: Node, path: string, matches: GlobMatcher, by: number): void {
    for (const [name, node] of folder.children ?? []) {
      const here = path === '' ? name : `${path}/${name}`
      if (matches(here, node.value?.entry.type === 'dir')) this.#takeAway(folder, name, here, by)
      else this.#removeBelow(node, here, matches, by)
    }
  }

  #takeAway(folder: Node, name: string, path: string, by: number): void {
    const node = folder.child(name)
    if (!node?.value) return
    this.#last = undefined
    this.removed.set(path, { path, layer: node.value.layer, by })
    walkTree(node, path, (below, { value }) => {
      if (value) this.removed.set(below, { path: below, layer: value.layer, by })
    })
    folder.removeChild(name)
  }
}

function note(holders: Map<string, Holder[]>, entry: IndexEntry, layer: number): void {
  const known = holders.get(entry.path)
  if (known) known.push({ layer, type: entry.type })
  else holders.set(entry.path, [{ layer, type: entry.type }])
}

function overridden({ entry, layer }: Placed, holders: readonly Holder[] = []): number[] {
  if (holders.length < 2) return []
  return holders
    .filter(holder => holder.layer < layer && !(entry.type === 'dir' && holder.type === 'dir'))
    .map(holder => holder.layer)
    .reverse()
}
