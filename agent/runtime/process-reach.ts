import { copyFile, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

interface User {
  uid: number
  gid: number
}

/** The first folder on the way to a path that a user may not walk through; undefined when there is none. */
export async function blockedAt(path: string, user: User): Promise<string | undefined> {
  const folders: string[] = []
  for (let at = path; ; at = dirname(at)) {
    folders.unshift(at)
    if (at === dirname(at)) break
  }
  for (const folder of folders) {
    const found = await stat(folder)
    if (!found.isDirectory()) continue
    const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001
    if (!(found.mode & bit)) return folder
  }
  return undefined
}

/**
 * A folder with a `node` that the user can run: where the agent's own is, or a copy of it in `fallback` when that lies behind a folder closed
 * to others, as root's home is.
 */
export async function reachableNodeFolder(user: User, fallback: string): Promise<string> {
  const own = process.execPath
  if (!(await blockedAt(own, user))) return dirname(own)
  const copy = join(fallback, 'node')
  const [wanted, found] = await Promise.all([stat(own), stat(copy).catch(() => undefined)])
  if (found?.size === wanted.size) return fallback
  await mkdir(fallback, { recursive: true, mode: 0o755 })
  await copyFile(own, `${copy}.new`)
  await rename(`${copy}.new`, copy)
  return fallback
}
