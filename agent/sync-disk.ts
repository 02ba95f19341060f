import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Makes everything written below a folder durable with one call for its whole file system (`sync -f` on Linux, a
 * full `sync` elsewhere): thousands of single fsyncs would take minutes.
 */
export async function syncFileSystem(folder: string): Promise<void> {
  await run('sync', process.platform === 'linux' ? ['-f', folder] : [])
}

/** Makes a rename inside a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
