import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeStaging } from '../cache/layer-folders'
import type { LayerFolders } from '../cache/layer-folders'
import { isAppError } from '../../shared/errors'
import { isFullDisk } from '../disk-error'
import { overlayOptions } from './overlay-options'
import { writeRender } from './render'

const run = promisify(execFile)

/**
 * Tries what an overlay needs on this node: a whiteout node, and (where the agent itself may mount) a real mount on the
 * data folder's file system.
 *
 * @returns null when it works, otherwise a sentence that says why not
 * @throws what keeps it from being tried, such as a full disk
 */
export async function findOverlayObstacle(folders: LayerFolders): Promise<string | null> {
  if (process.platform !== 'linux') return 'Overlay mounts need Linux.'
  const staging = makeStaging(folders)
  try {
    await writeRender(join(staging, 'render'), { files: [], whiteouts: ['gone'] }, staging, null)
    return await tryMount(staging)
  } catch (error) {
    if (isAppError(error)) return error.detail
    // A full disk says nothing about overlays, and the answer decides for good where own files lie.
    if (isFullDisk(error)) throw error
    const text = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error)
    return `The agent may not make the device node that hides a file in an overlay (it needs root): ${text}`
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function tryMount(staging: string): Promise<string | null> {
  const [upper, work, merged] = ['upper', 'work', 'merged'].map(name => join(staging, name)) as [string, string, string]
  for (const folder of [upper, work, merged]) mkdirSync(folder)
  const options = overlayOptions({ lowers: [join(staging, 'render')], upper, work })
  try {
    // In a mount namespace of its own, which ends with the command: an agent that is killed here must not leave a mount in staging.
    await run('unshare', ['--mount', 'mount', '-t', 'overlay', 'overlay', '-o', options, merged])
  } catch (error) {
    if (isFullDisk(error)) throw error
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    // An agent in a container may not mount; the engine does it for real, and proves it before anything is called prepared.
    if (/permission denied|must be superuser|not permitted/i.test(text)) return null
    return `The file system below the node's data folder cannot be the upper side of an overlay: ${text}`
  }
  return null
}
