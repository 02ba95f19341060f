import { chmodSync, chownSync, mkdirSync, renameSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { discardFolder } from '../cache/layer-folders'
import type { LayerFolders } from '../cache/layer-folders'
import { failpoint } from '../failpoint'
import { syncFolder } from '../sync-disk'
import { overlayOptions } from './overlay-options'
import { writeRender } from './render'
import type { RenderContent } from './render'

export interface OverlayLayoutOptions {
  folders: LayerFolders
  /** Folder of the instance; gets `upper`, `work` and `render-<hash>`. */
  instanceFolder: string
  /** Private staging folder on the same file system. */
  staging: string
  /** Roots of the layers, first layer first. */
  layerRoots: readonly string[]
  planHash: string
  owner: { uid: number; gid: number } | null
}

/**
 * Lays an instance out for an overlay mount without copying a byte of a layer: a fresh render directory, and the
 * server's own upper directory, which Strata never writes into. Must not be called while the overlay is mounted.
 *
 * @returns the `o=` of the mount
 */
export async function layOutOverlay(content: RenderContent, options: OverlayLayoutOptions): Promise<string> {
  const upper = join(options.instanceFolder, 'upper')
  const work = join(options.instanceFolder, 'work')
  const render = join(options.instanceFolder, `render-${options.planHash.slice(0, 12)}`)
  // The kernel refuses a directory that stands twice. Of equal layers only the topmost ever shows anything.
  const lowers = [render, ...new Set(options.layerRoots.toReversed())]
  // The options are judged first: nothing is changed for a mount that cannot be.
  const mountOptions = overlayOptions({ lowers, upper, work })

  const staged = join(options.staging, 'render')
  await writeRender(staged, content, options.staging, options.owner)
  for (const name of await readdir(options.instanceFolder)) {
    if (name.startsWith('render-')) await discardFolder(options.folders, join(options.instanceFolder, name))
  }
  await failpoint('overlay.beforeRename')
  renameSync(staged, render)
  for (const folder of [upper, work]) {
    mkdirSync(folder, { recursive: true })
    if (options.owner) chownSync(folder, options.owner.uid, options.owner.gid)
    chmodSync(folder, 0o755)
  }
  await syncFolder(options.instanceFolder)
  return mountOptions
}
