import type { IndexEntry } from '../../shared/schemas/layer-index'
import type { PreviewEntry } from '../../shared/schemas/stack'

/** A file or folder for the tree on screen. */
export interface TreeNode {
  path: string
  label: string
  kind: 'file' | 'dir' | 'symlink'
  sizeBytes: number
  target: string | null
  /** Position of the layer that wins here; null where only one layer is shown, and for folders that several share. */
  layer: number | null
  overrides: number[]
  filledIn: boolean
  children?: TreeNode[]
}

type Entry = Omit<TreeNode, 'label' | 'children'>

/** Folders first, then by name; folders that no entry names are made up. Paths are `/`-separated. */
export function buildTree(entries: readonly Entry[]): TreeNode[] {
  const root: TreeNode[] = []
  const folders = new Map<string, TreeNode>()

  function folder(path: string): TreeNode[] {
    if (path === '') return root
    const known = folders.get(path)
    if (known) return (known.children ??= [])
    const made = place({ path, kind: 'dir', sizeBytes: 0, target: null, layer: null, overrides: [], filledIn: false })
    return (made.children ??= [])
  }

  function place(entry: Entry): TreeNode {
    const cut = entry.path.lastIndexOf('/')
    const node: TreeNode = { ...entry, label: entry.path.slice(cut + 1) }
    folder(cut < 0 ? '' : entry.path.slice(0, cut)).push(node)
    if (entry.kind === 'dir') {
      node.children = []
      folders.set(entry.path, node)
    }
    return node
  }

  for (const entry of entries) {
    if (entry.kind === 'dir' && folders.has(entry.path)) continue
    place(entry)
  }
  sortTree(root)
  return root
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Also gives every folder the size of what it holds, and its layer when all of it comes from one. */
function sortTree(nodes: TreeNode[]): void {
  for (const node of nodes) {
    if (!node.children) continue
    sortTree(node.children)
    node.sizeBytes = node.children.reduce((sum, child) => sum + child.sizeBytes, 0)
    const layers = new Set(node.children.map(child => child.layer))
    const [only] = layers
    if (node.children.length) node.layer = layers.size === 1 && only !== undefined ? only : null
  }
  nodes.sort((a, b) => Number(b.kind === 'dir') - Number(a.kind === 'dir') || collator.compare(a.label, b.label))
}

/** The merged stack: every path with the layer that wins it. */
export function previewTree(entries: readonly PreviewEntry[], search = ''): TreeNode[] {
  const needle = search.trim().toLowerCase()
  const wanted = needle
    ? entries.filter(entry => entry.type !== 'dir' && entry.path.toLowerCase().includes(needle))
    : entries
  return buildTree(
    wanted.map(({ path, type, sizeBytes, target, layer, overrides, filledIn }) => ({
      path,
      kind: type,
      sizeBytes,
      target,
      layer,
      overrides,
      filledIn,
    })),
  )
}

/** The files of one template version. */
export function filesTree(entries: readonly IndexEntry[]): TreeNode[] {
  return buildTree(
    entries.map(entry => ({
      path: entry.path,
      kind: entry.type,
      sizeBytes: entry.type === 'file' ? entry.sizeBytes : 0,
      target: entry.type === 'symlink' ? entry.target : null,
      layer: null,
      overrides: [],
      filledIn: entry.type === 'file' && (entry.placeholders?.length ?? 0) > 0,
    })),
  )
}

/** Paths of all folders, for opening them. */
export function folderPaths(nodes: readonly TreeNode[]): string[] {
  return nodes.flatMap(node => (node.kind === 'dir' ? [node.path, ...folderPaths(node.children ?? [])] : []))
}
