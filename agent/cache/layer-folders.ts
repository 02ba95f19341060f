import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The folders a node keeps layers in. Everything moves between them by rename, so they share one file system. */
export interface LayerFolders {
  /** `layers/<short sha256>/`: `root/`, `index`, `meta.json`; complete or not there. */
  layers: string
  /** Half-made things; emptied at every start. */
  staging: string
}

/** Makes the folders below the node's data folder and empties staging. Call once, before anything else uses them. */
export async function openLayerFolders(dataDir: string): Promise<LayerFolders> {
  const folders = { layers: join(dataDir, 'layers'), staging: join(dataDir, 'staging') }
  await rm(folders.staging, { recursive: true, force: true })
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o755 })
  return folders
}

/** A name that is short enough for the 4,095 bytes of an overlay's options and long enough never to collide by chance. */
export function shortSha(sha256: string): string {
  return sha256.slice(0, 16)
}

/** A fresh private folder in staging. */
export function makeStaging(folders: LayerFolders): string {
  const folder = join(folders.staging, randomUUID())
  mkdirSync(folder, { mode: 0o755 })
  return folder
}

/**
 * Removes a folder. It is out of its place when this returns, at once and whole (a caller's check before it holds);
 * the promise is for the space. Not there: nothing happens.
 */
export function discardFolder(folders: LayerFolders, folder: string): Promise<void> {
  const grave = join(folders.staging, randomUUID())
  try {
    renameSync(folder, grave)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Promise.resolve()
    throw error
  }
  return rm(grave, { recursive: true, force: true })
}

/** Names of complete layers on disk. */
export async function listLayerFolders(folders: LayerFolders): Promise<string[]> {
  return (await readdir(folders.layers)).filter(name => /^[0-9a-f]{16}$/.test(name))
}
