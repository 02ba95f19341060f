import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What the topmost lower directory of an overlay holds: files that were filled in, and what is to be hidden. */
export interface RenderContent {
  files: readonly { path: string; mode: number; content: Buffer }[]
  /** Paths that the layers below must not show; a folder hides everything in it. */
  whiteouts: readonly string[]
}

/**
 * Writes the render directory fresh into a new folder. Whiteouts are hard links to one `c 0 0` node, because a node
 * each would cost a process each.
 *
 * @param folder must not exist yet
 * @param nodesFolder where the whiteout node is made, on the same file system
 */
export async function writeRender(
  folder: string,
  content: RenderContent,
  nodesFolder: string,
  owner: { uid: number; gid: number } | null,
): Promise<void> {
  const made = new Set<string>()
  const makeFolder = (path: string) => {
    if (path === '.' || made.has(path)) return
    makeFolder(dirname(path))
    mkdirSync(join(folder, path), { mode: 0o755 })
    give(join(folder, path), owner)
    made.add(path)
  }
  // Filled-in files may hold secrets: nobody on the machine reads them here. Inside, the upper's own root hides this mode.
  mkdirSync(folder, { mode: 0o700 })
  for (const { path, mode, content: bytes } of content.files) {
    makeFolder(dirname(path))
    const target = join(folder, path)
    writeFileSync(target, bytes, { flag: 'wx' })
    chmodSync(target, mode)
    give(target, owner)
  }
  let node: string | undefined
  for (const path of content.whiteouts) {
    makeFolder(dirname(path))
    node ??= await makeWhiteoutNode(nodesFolder)
    node = await linkWhiteout(node, join(folder, path), nodesFolder)
  }
}

async function makeWhiteoutNode(folder: string): Promise<string> {
  const path = join(folder, `whiteout-${randomUUID()}`)
  await run('mknod', [path, 'c', '0', '0'])
  return path
}

/** Links the node to a path; a file system holds only so many links of one node, then a new one is made. */
async function linkWhiteout(node: string, target: string, folder: string): Promise<string> {
  try {
    linkSync(node, target)
    return node
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EMLINK')) throw error
    const fresh = await makeWhiteoutNode(folder)
    linkSync(fresh, target)
    return fresh
  }
}

function give(path: string, owner: { uid: number; gid: number } | null): void {
  if (owner) chownSync(path, owner.uid, owner.gid)
}
