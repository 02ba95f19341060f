import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { POLICY } from '../../shared/domain/policy'
import type { OwnFilesSize } from '../../shared/schemas/usage'
import { looksUntouched } from '../prepare/copy-baseline'
import type { Baseline } from '../prepare/copy-baseline'

/** Listings kept from one count to the next; a server with more files is listed anew each time, and counted the less often. */
const KEPT_FILES = 100_000

/** The clock of a file system ticks in milliseconds: a folder that changed just before it was listed may change again unseen. */
const SETTLED_MS = 1_000

/** Room on the disk rather than length: a sparse world takes what it takes. */
export type CountedFiles = Pick<OwnFilesSize, 'bytes' | 'files'>

export interface OwnFilesCounterOptions {
  /** The folder whose files are counted: the upper directory, or the one folder of the copy layout. */
  root: string
  /** What Strata put into that folder, and how it looked then. Not own files, until the server changed them. */
  laid: Baseline['ours']
}

interface KnownFolder {
  mtimeNs: bigint
  isSettled: boolean
  folders: string[]
  files: string[]
}

/**
 * Counts what a server itself wrote, again and again. What it costs follows what the server has: a folder is listed anew only when
 * something was made or removed in it, own files are looked at, files of layers never listed or opened. In the copy layout, where layers'
 * files lie among the own ones, some of those are looked at in turn, to find which of them the server changed since.
 */
export class OwnFilesCounter {
  private readonly options: OwnFilesCounterOptions
  private folders = new Map<string, KnownFolder>()
  private readonly changedLaid = new Set<string>()
  private readonly laidFiles: string[]
  private nextLaid = 0

  constructor(options: OwnFilesCounterOptions) {
    this.options = options
    this.laidFiles = [...options.laid].flatMap(([path, { type }]) => (type === 'file' ? [path] : []))
  }

  /** @throws what the file system says, but for what is removed meanwhile */
  async count(signal: AbortSignal): Promise<CountedFiles> {
    const seen = new Map<string, KnownFolder>()
    const total: CountedFiles = { bytes: 0, files: 0 }
    const open = ['']
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      signal.throwIfAborted()
      const folder = await this.list(path)
      if (!folder) continue
      seen.set(path, folder)
      open.push(...folder.folders)
      for (const file of folder.files) await this.add(file, total)
    }
    this.folders = total.files > KEPT_FILES ? new Map<string, KnownFolder>() : seen
    await this.lookAtLaid(signal)
    for (const file of this.changedLaid) await this.add(file, total)
    return total
  }

  private async list(path: string): Promise<KnownFolder | undefined> {
    const { root, laid } = this.options
    const stats = await lstat(join(root, path), { bigint: true }).catch(gone)
    if (!stats?.isDirectory()) return undefined
    const known = this.folders.get(path)
    if (known?.isSettled && known.mtimeNs === stats.mtimeNs) return known
    const isSettled = Date.now() - Number(stats.mtimeMs) > SETTLED_MS
    const folder: KnownFolder = { mtimeNs: stats.mtimeNs, isSettled, folders: [], files: [] }
    for (const entry of (await readdir(join(root, path), { withFileTypes: true }).catch(gone)) ?? []) {
      const child = path ? `${path}/${entry.name}` : entry.name
      if (entry.isDirectory()) folder.folders.push(child)
      // A whiteout is a device: what the server took away takes no room.
      else if ((entry.isFile() || entry.isSymbolicLink()) && !laid.has(child)) folder.files.push(child)
    }
    return folder
  }

  private async add(path: string, total: CountedFiles): Promise<void> {
    const stats = await lstat(join(this.options.root, path)).catch(gone)
    if (!stats) return
    total.bytes += stats.blocks * 512
    total.files += 1
  }

  private async lookAtLaid(signal: AbortSignal): Promise<void> {
    const { root, laid } = this.options
    const turns = Math.min(POLICY.stats.ownFilesLaidPerCount, this.laidFiles.length)
    for (let turn = 0; turn < turns; turn++) {
      signal.throwIfAborted()
      const path = this.laidFiles[this.nextLaid++ % this.laidFiles.length]!
      const put = laid.get(path)!
      const stats = await lstat(join(root, path), { bigint: true }).catch(gone)
      if (!stats || looksUntouched(join(root, path), put, stats)) this.changedLaid.delete(path)
      else this.changedLaid.add(path)
    }
  }
}

/** The server goes on while it is counted. */
function gone(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return
  throw error
}
