import type { IndexEntry } from '../../shared/schemas/layer-index'
import { AppError } from '../../shared/errors'
import { byPath, parentPath, TreeNode, walkTree } from '../paths/path-tree'
import { refuseEscapingLinks } from '../paths/link-targets'
import type { LinkEntry } from '../paths/link-targets'
import { entryError } from './archive-errors'
import type { ArchiveLimits } from './archive-limits'
import type { ArchiveSink } from './archive-sink'

/** A file as it stands in the index, without its path. */
export interface FileContent {
  sizeBytes: number
  mode: number
  sha256: string
  placeholders?: string[]
}

type Kept = { type: 'dir'; isImplied: boolean } | ({ type: 'file' } & FileContent) | { type: 'symlink'; target: string }

/** Bytes that an entry takes in memory and index beside its path: sha256, size, names of keys. */
const ENTRY_OVERHEAD_BYTES = 64

/**
 * What an archive holds so far, by its own rules: the last entry at a path wins, parents that nobody wrote exist all
 * the same, nothing is ever placed through a link. Tells the sink what to do.
 */
export class ArchiveContents {
  readonly #root = new TreeNode<Kept>({ type: 'dir', isImplied: true })
  readonly #limits: ArchiveLimits
  readonly #sink: ArchiveSink | undefined
  /** Most entries share their folder with the one before. */
  #lastParent: { path: string; node: TreeNode<Kept> } | undefined
  #entries = 0
  #implied = 0
  #indexBytes = 0
  #unpackedBytes = 0
  duplicates = 0

  constructor(limits: ArchiveLimits, sink?: ArchiveSink) {
    this.#limits = limits
    this.#sink = sink
  }

  /** Counts an entry of the archive, whatever it is. @throws AppError TOO_MANY_ENTRIES */
  count(): void {
    this.#entries += 1
    this.#refuseTooMany()
  }

  directory(path: string): void {
    if (path === '') return
    const { parent, name } = this.#parentOf(path)
    const there = parent.child(name)
    if (there?.value.type === 'dir') {
      if (!there.value.isImplied) this.duplicates += 1
      there.value = { type: 'dir', isImplied: false }
      return
    }
    this.#clear(path, parent, name)
    this.#put(path, parent, name, { type: 'dir', isImplied: false })
    this.#sink?.directory(path)
  }

  symlink(path: string, target: string): void {
    const { parent, name } = this.#parentOf(path)
    this.#clear(path, parent, name)
    this.#put(path, parent, name, { type: 'symlink', target })
    this.#remember(target.length)
    this.#sink?.symlink(path, target)
  }

  /** Makes room for a file: its parents are there and nothing is at its path. `addFile` follows when its bytes are known. */
  openFile(path: string): void {
    const { parent, name } = this.#parentOf(path)
    this.#clear(path, parent, name)
  }

  addFile(path: string, content: FileContent): void {
    const { parent, name } = this.#parentOf(path)
    this.#put(path, parent, name, { type: 'file', ...content })
    for (const placeholder of content.placeholders ?? []) this.#remember(placeholder.length)
    this.#unpackedBytes += content.sizeBytes
  }

  /** A hard link: the bytes of an earlier file once more. @throws AppError LINK_ESCAPE when there is none. */
  copy(path: string, from: string): void {
    const source = this.#find(from)?.value
    if (source?.type !== 'file') {
      throw entryError('LINK_ESCAPE', path, `is a hard link to ${from}, which is no earlier file of this archive`)
    }
    if (from === path) {
      this.duplicates += 1
      return
    }
    // Counted in full: on the disk it is a file of its own.
    if (this.#unpackedBytes + source.sizeBytes > this.#limits.unpackedBytes) {
      throw entryError(
        'TOO_BIG',
        path,
        `with this copy the archive takes more than ${this.#limits.unpackedBytes} bytes unpacked`,
      )
    }
    const { parent, name } = this.#parentOf(path)
    this.#clear(path, parent, name)
    const { type: _, ...content } = source
    this.addFile(path, content)
    this.#sink?.copy(from, path, source.mode)
  }

  /**
   * Everything, sorted, for the index.
   *
   * @throws AppError LINK_ESCAPE when a link leads out through other links of the archive.
   */
  finish(): { entries: IndexEntry[]; unpackedBytes: number } {
    const entries: IndexEntry[] = []
    const links: LinkEntry[] = []
    let unpackedBytes = 0
    walkTree(this.#root, '', (path, { value }) => {
      if (value.type === 'dir') entries.push({ type: 'dir', path })
      else entries.push({ path, ...value })
      if (value.type === 'file') unpackedBytes += value.sizeBytes
      if (value.type === 'symlink') links.push({ path, target: value.target })
    })
    refuseEscapingLinks(links, 'the archive')
    return { entries: entries.sort(byPath), unpackedBytes }
  }

  #find(path: string): TreeNode<Kept> | undefined {
    let node: TreeNode<Kept> | undefined = this.#root
    for (const name of path.split('/')) node = node?.child(name)
    return node
  }

  #parentOf(path: string): { parent: TreeNode<Kept>; name: string } {
    const folder = parentPath(path)
    const name = folder === '' ? path : path.slice(folder.length + 1)
    if (this.#lastParent?.path === folder) return { parent: this.#lastParent.node, name }
    const parent = folder === '' ? this.#root : this.#folder(folder, path)
    this.#lastParent = { path: folder, node: parent }
    return { parent, name }
  }

  /** The folder at a path, made where nobody wrote it. */
  #folder(folder: string, forPath: string): TreeNode<Kept> {
    let node = this.#root
    let at = ''
    for (const name of folder.split('/')) {
      at = at === '' ? name : `${at}/${name}`
      const there = node.child(name)
      if (there?.value.type === 'symlink') {
        throw entryError('LINK_ESCAPE', forPath, `would be written through the link ${at}`)
      }
      if (there?.value.type === 'dir') {
        node = there
        continue
      }
      this.#clear(at, node, name)
      this.#implied += 1
      this.#refuseTooMany()
      node = this.#put(at, node, name, { type: 'dir', isImplied: true })
      this.#sink?.directory(at)
    }
    return node
  }

  #clear(path: string, parent: TreeNode<Kept>, name: string): void {
    if (!parent.child(name)) return
    this.duplicates += 1
    parent.removeChild(name)
    this.#sink?.remove(path)
  }

  #put(path: string, parent: TreeNode<Kept>, name: string, kept: Kept): TreeNode<Kept> {
    this.#remember(path.length + ENTRY_OVERHEAD_BYTES)
    return parent.addChild(name, kept)
  }

  #remember(bytes: number): void {
    this.#indexBytes += bytes
    if (this.#indexBytes <= this.#limits.indexBytes) return
    throw new AppError(
      'TOO_BIG',
      `The paths, links and placeholders of the archive take more than ${this.#limits.indexBytes} bytes. Split it into several templates, or shorten its paths.`,
    )
  }

  #refuseTooMany(): void {
    if (this.#entries + this.#implied <= this.#limits.entries) return
    throw new AppError(
      'TOO_MANY_ENTRIES',
      `The archive has more than ${this.#limits.entries} entries (folders that only paths name are counted). Split it into several templates.`,
    )
  }
}
