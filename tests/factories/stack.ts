import { createHash } from 'node:crypto'
import type { StackLayer } from '../../core/stack/merge-stack'
import { scanPlaceholders } from '../../core/variables/placeholders'
import type { IndexEntry } from '../../shared/schemas/layer-index'
import type { Manifest } from '../../shared/schemas/manifest'

/** `null` is a folder, `-> x` a link to x, anything else the text of a file. */
export type LayerTree = Record<string, string | null>

/** A layer without an archive: its index as reading one would make it, parents included. */
export function stackLayer(tree: LayerTree, manifest: Manifest = {}, template = 'layer'): StackLayer {
  const sha256 = sha256Of(JSON.stringify([tree, manifest]))
  const entries = indexEntries(tree)
  const index = { sha256, sizeBytes: 1, unpackedBytes: 1, duplicates: 0, manifest, entries }
  return { template, version: '1', type: manifest.type ?? 'custom', index }
}

export function indexEntries(tree: LayerTree): IndexEntry[] {
  const found = new Map<string, IndexEntry>()
  for (const [path, content] of Object.entries(tree)) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join('/')
      found.set(parent, { type: 'dir', path: parent })
    }
    found.set(path, indexEntry(path, content))
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function indexEntry(path: string, content: string | null): IndexEntry {
  if (content === null) return { type: 'dir', path }
  if (content.startsWith('-> ')) return { type: 'symlink', path, target: content.slice(3) }
  const placeholders = scanPlaceholders(content)
  const file = {
    type: 'file',
    path,
    sizeBytes: Buffer.byteLength(content),
    mode: 0o644,
    sha256: sha256Of(content),
  } as const
  return placeholders.length > 0 ? { ...file, placeholders } : file
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
