import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './sync-disk'

/**
 * Replaces a file so that after any crash it holds the old bytes or the new ones, whole: written beside, synced,
 * renamed, folder synced.
 */
export async function writeFileAtomically(path: string, content: string | Buffer, mode = 0o600): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`
  try {
    const handle = await open(beside, 'wx', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}
