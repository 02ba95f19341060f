import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { failpoint } from '../failpoint'
import { syncFileSystem } from '../sync-disk'
import { foldersAbove, isOwn, judgeOwn, readBaseline, statOf, writeBaseline } from './copy-baseline'
import type { Baseline, BaselineEntry, OwnPaths } from './copy-baseline'
import type { LaidEntry } from './laid-entry'

export interface CopyLayoutOptions {
  /** The folder the server will see as its root. */
  root: string
  /** File beside it that remembers what was put there. */
  baselineFile: string
  /** A private folder on the same file system: everything is made there and moved into place by one rename. */
  staging: string
  owner: { uid: number; gid: number } | null
}

/**
 * Brings an instance's folder from what the last generation put there to what this one wants, for machines without
 * overlay. The same rules for own files: what the server changed or deleted stays and hides the layers; what it did
 * not touch follows them. Cut off at any point it can simply be called again.
 *
 * @param entries the finished tree, sorted by path, parents before children
 */
export async function layOutCopy(entries: readonly LaidEntry[], options: CopyLayoutOptions): Promise<void> {
  const before = await readBaseline(options.baselineFile)
  const own = judgeOwn(options.root, before, entries)
  const wanted = new Map(entries.map(entry => [entry.path, entry]))

  // From here on the disk is half old, half new: what was judged is kept, and nothing is judged again until the end.
  await writeBaseline(options.baselineFile, {
    applying: true,
    ours: new Map([...before.ours, ...promised(entries)]),
    own,
  })
  await failpoint('copy.beforeApply')
  mkdirSync(options.root, { recursive: true, mode: 0o755 })
  give(options.root, options.owner)
  takeAway(options.root, before, wanted, own)

  const ours = new Map<string, BaselineEntry>()
  let written = 0
  for (const entry of entries) {
    if (isOwn(own, entry.path)) continue
    const known = before.applying ? undefined : before.ours.get(entry.path)
    const put = place(options, entry, known)
    if (put === 'own') own.set(entry.path, { deleted: false, planned: true })
    else {
      ours.set(entry.path, put)
      if (put !== known) written += 1
    }
  }
  for (const [path, { deleted }] of own) own.set(path, { deleted, planned: wanted.has(path) })
  await failpoint('copy.beforeDone')
  if (written > 0) await syncFileSystem(options.root)
  await writeBaseline(options.baselineFile, { applying: false, ours, own })
}

/** Stand-ins for entries about to be written; never compared, because `applying` is set beside them. */
function promised(entries: readonly LaidEntry[]): [string, BaselineEntry][] {
  return entries.map(entry => [entry.path, { type: 'dir' }])
}

/**
 * Removes what the layers no longer have, children first. A folder in which the server changed something stays, even
 * if that was a deletion: the change made the folder its own, too.
 */
function takeAway(root: string, before: Baseline, wanted: ReadonlyMap<string, LaidEntry>, own: OwnPaths): void {
  const touched = new Set([...own.keys()].flatMap(foldersAbove))
  for (const path of [...before.ours.keys()].sort().reverse()) {
    if (isOwn(own, path) || touched.has(path)) continue
    const found = statOf(join(root, path))
    if (!found) continue
    const next = wanted.get(path)
    const stays = next && (next.type === 'dir') === found.isDirectory()
    if (stays) continue
    if (found.isDirectory()) removeEmptyFolder(join(root, path))
    else unlinkSync(join(root, path))
  }
}

function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error
  }
}

/** Puts one entry in its place; `own` when something of the server's is there that hides it. */
function place(options: CopyLayoutOptions, entry: LaidEntry, known: BaselineEntry | undefined): BaselineEntry | 'own' {
  const path = join(options.root, entry.path)
  const found = statOf(path)
  if (entry.type === 'dir') {
    if (found && !found.isDirectory()) return 'own'
    if (!found) {
      mkdirSync(path, { mode: 0o755 })
      give(path, options.owner)
    }
    return known?.type === 'dir' ? known : { type: 'dir' }
  }
  if (found?.isDirectory()) return 'own'
  if (entry.type === 'symlink') {
    if (known?.type === 'symlink' && known.target === entry.target && found) return known
    const beside = join(options.staging, 'entry')
    symlinkSync(entry.target, beside)
    if (options.owner) lchownSync(beside, options.owner.uid, options.owner.gid)
    renameSync(beside, path)
    return { type: 'symlink', target: readlinkSync(path) }
  }
  if (known?.type === 'file' && known.key === entry.key && known.mode === entry.mode && found) return known
  return writeEntry(path, entry, options)
}

function writeEntry(
  path: string,
  entry: Extract<LaidEntry, { type: 'file' }>,
  { staging, owner }: CopyLayoutOptions,
): BaselineEntry {
  const beside = join(staging, 'entry')
  if (typeof entry.source === 'string')
    copyFileSync(entry.source, beside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  else writeFileSync(beside, entry.source, { flag: 'wx' })
  chmodSync(beside, entry.mode)
  give(beside, owner)
  renameSync(beside, path)
  const put = statOf(path)
  if (!put) throw new Error(`${entry.path} vanished while it was laid out`)
  return {
    type: 'file',
    key: entry.key,
    sizeBytes: Number(put.size),
    mtimeNs: String(put.mtimeNs),
    mode: Number(put.mode & 0o7777n),
  }
}

function give(path: string, owner: CopyLayoutOptions['owner']): void {
  if (owner) chownSync(path, owner.uid, owner.gid)
}
