import { execFile } from 'node:child_process'
import { copyFile, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../../shared/errors'

interface User {
  uid: number
  gid: number
}

/** How a server's user gets to its files and to a `node`. */
export interface Reach {
  /** The stack as the server sees it. */
  directory: string
  nodeFolder: string
  /** What stands before the command, and becomes the user; null: the command is started as the user at once. */
  prefix: string[] | null
}

/**
 * Binds the stack and Node's folder to where everybody may go, in a mount namespace that ends with the server, and becomes the
 * user. The process stays the same one all the way.
 */
const BIND_AND_BECOME = [
  'mount --bind "$1" "$3" && mount --bind "$2" "$4" && cd "$3" || exit 126',
  'user="$5" group="$6"',
  'shift 6',
  'exec setpriv --reuid="$user" --regid="$group" --clear-groups "$@"',
].join('\n')

/**
 * Finds a way for a user to the stack and to the agent's own Node. Where a folder on the way is closed to others, as root's home
 * is, Node is copied to `binFolder`, and a stack is bound to a folder in `shelter`. START_FAILED when the machine does not allow that.
 */
export async function findReach(
  user: User,
  places: { directory: string; binFolder: string; shelter: string },
): Promise<Reach> {
  const { directory, binFolder, shelter } = places
  const blocked = await blockedAt(directory, user)
  if (!blocked) return { directory, nodeFolder: await reachableNodeFolder(user, binFolder), prefix: null }
  await promisify(execFile)('unshare', ['--mount', 'setpriv', '--version']).catch((error: unknown) => {
    throw new AppError(
      'START_FAILED',
      `User ${user.uid}, as whom servers run, may not enter ${blocked}, and the server's files are below it; this machine does not allow to mount them elsewhere either. Set STRATA_NODE_DATA_DIR to a folder that others may enter, such as /var/lib/strata.`,
      { cause: error },
    )
  })
  const reach = { directory: join(shelter, 'stack'), nodeFolder: join(shelter, 'node') }
  for (const folder of [reach.directory, reach.nodeFolder]) await mkdir(folder, { recursive: true, mode: 0o755 })
  const bound = [directory, dirname(process.execPath), reach.directory, reach.nodeFolder]
  const become = [String(user.uid), String(user.gid)]
  return {
    ...reach,
    prefix: ['unshare', '--mount', '/bin/sh', '-c', BIND_AND_BECOME, 'strata-bind', ...bound, ...become],
  }
}

/** The first folder on the way to a path that a user may not walk through; undefined when there is none. */
async function blockedAt(path: string, user: User): Promise<string | undefined> {
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

async function reachableNodeFolder(user: User, fallback: string): Promise<string> {
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
