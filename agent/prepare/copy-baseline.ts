import { lstatSync, readlinkSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomically } from '../write-file'
import type { LaidEntry } from './laid-entry'

/**
 * What Strata put into an instance's folder in the `copy` layout. It is how the server's own changes are told from
 * layers when both lie in one folder: a file that no longer looks as it was put there is the server's.
 */
const entry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('dir') }),
  z.object({ type: z.literal('symlink'), target: z.string() }),
  z.object({
    type: z.literal('file'),
    key: z.string(),
    /** Size, time of change in nanoseconds and mode right after it was written. */
    sizeBytes: z.number(),
    mtimeNs: z.string(),
    mode: z.int(),
  }),
])
export type BaselineEntry = z.output<typeof entry>

const ownPath = z.object({
  /** The server took away what a layer had there, which hides every later layer's too, as a whiteout would. */
  deleted: z.boolean(),
  /** The layers had something there when this was last laid out. */
  planned: z.boolean(),
})
export type OwnPaths = Map<string, z.output<typeof ownPath>>

/** On disk as pairs: a path may be called `__proto__`. */
const stored = z.object({
  applying: z.boolean(),
  ours: z.array(z.tuple([z.string(), entry])),
  own: z.array(z.tuple([z.string(), ownPath])),
})

export interface Baseline {
  /** True while a change is being carried out: then nothing on disk may be judged, only written again. */
  applying: boolean
  /** Paths put there by Strata. */
  ours: ReadonlyMap<string, BaselineEntry>
  /** Paths that are the server's own. */
  own: OwnPaths
}

/** The stored baseline, or an empty one for a folder that was never laid out. Errors of the disk are thrown. */
export async function readBaseline(file: string): Promise<Baseline> {
  try {
    const { applying, ours, own } = stored.parse(JSON.parse(await readFile(file, 'utf8')))
    return { applying, ours: new Map(ours), own: new Map(own) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { applying: false, ours: new Map(), own: new Map() }
    throw error
  }
}

/** Replaces the baseline on disk, durably and whole. */
export async function writeBaseline(file: string, value: Baseline): Promise<void> {
  await writeFileAtomically(
    file,
    JSON.stringify({ applying: value.applying, ours: [...value.ours], own: [...value.own] } satisfies z.output<
      typeof stored
    >),
  )
}

/**
 * The paths that are the server's own, judged before anything is changed: what Strata put there and looks different
 * now or is gone, and what the server made where a layer wants to put something now.
 */
export function judgeOwn(root: string, known: Baseline, entries: readonly LaidEntry[]): OwnPaths {
  const own: OwnPaths = new Map()
  const look = lookInside(root)
  for (const [path, { deleted, planned }] of known.own) {
    if (look(path)) own.set(path, { deleted: false, planned })
    else if (deleted || planned) own.set(path, { deleted: true, planned })
  }
  if (!known.applying) {
    for (const [path, put] of known.ours) {
      const found = look(path)
      if (!looksUntouched(join(root, path), put, found)) own.set(path, { deleted: !found, planned: true })
    }
  }
  for (const entry of entries) {
    if (known.ours.has(entry.path) || isOwn(own, entry.path)) continue
    const found = look(entry.path)
    if (found && !(entry.type === 'dir' && found.isDirectory())) own.set(entry.path, { deleted: false, planned: false })
  }
  return own
}

/** True when a path is the server's own or lies below one that is. */
export function isOwn(own: OwnPaths, path: string): boolean {
  return own.has(path) || foldersAbove(path).some(folder => own.has(folder))
}

/** The folders a path lies in, nearest first, without the root. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let at = parentOf(path); at; at = parentOf(at)) folders.push(at)
  return folders
}

/** What is at a path, the link itself if it is one; undefined when nothing is. */
export function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

/**
 * Looks at paths below a root that does not change meanwhile, and never through a link: what lies behind one is not
 * there. A folder is looked at once.
 */
function lookInside(root: string): (path: string) => BigIntStats | undefined {
  const folders = new Map<string, boolean>([['', true]])
  const isFolder = (path: string): boolean => {
    let known = folders.get(path)
    if (known === undefined) {
      known = isFolder(parentOf(path)) && (statOf(join(root, path))?.isDirectory() ?? false)
      folders.set(path, known)
    }
    return known
  }
  return path => (isFolder(parentOf(path)) ? statOf(join(root, path)) : undefined)
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Whether what is at a path now is what Strata put there. */
export function looksUntouched(path: string, put: BaselineEntry, now: BigIntStats | undefined): boolean {
  if (!now) return false
  if (put.type === 'dir') return now.isDirectory()
  if (put.type === 'symlink') return now.isSymbolicLink() && readlinkSync(path) === put.target
  return (
    now.isFile() &&
    Number(now.size) === put.sizeBytes &&
    String(now.mtimeNs) === put.mtimeNs &&
    Number(now.mode & 0o7777n) === put.mode
  )
}
