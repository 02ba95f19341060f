import { rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isFullDisk } from './disk-error'

/** Records have some 10 KB each and are written one beside the other: enough to write down a stop of every server of a node. */
const RESERVE_BYTES = 4 * 1024 ** 2
/** Taken also on a disk that is nearly full: there it is needed soonest. */
const ENOUGH_BYTES = 2 * RESERVE_BYTES
/** Taken again only when there is plenty: space that somebody just made is for servers first. */
const PLENTY_BYTES = 16 * RESERVE_BYTES

export interface DiskReserve {
  /** Does a small write that must succeed on a full disk too: when it finds no room, the reserve makes some, and it is done again. */
  write(act: () => Promise<void>): Promise<void>
}

/**
 * A file that holds some space of the data folder's disk. Without it a server that fills the disk could neither be
 * stopped nor destroyed, because what is wanted is written down first, and nothing would ever free the disk again.
 */
export function createDiskReserve(dataDir: string): DiskReserve {
  const file = join(dataDir, 'disk-reserve')
  let isKept = false
  /** It was needed in the life of this agent. */
  let wasGiven = false

  async function keep(): Promise<void> {
    if (isKept) return
    const { bavail, bsize } = await statfs(dataDir)
    const kept = await stat(file).catch(() => undefined)
    if (kept?.size !== RESERVE_BYTES) {
      if (bavail * bsize < (wasGiven ? PLENTY_BYTES : ENOUGH_BYTES)) return
      await writeFile(file, Buffer.alloc(RESERVE_BYTES), { mode: 0o600 })
    }
    isKept = true
  }

  return {
    async write(act) {
      try {
        await act()
      } catch (error) {
        if (!isFullDisk(error)) throw error
        isKept = false
        wasGiven = true
        await rm(file, { force: true })
        return act()
      }
      // Somebody else may fill the disk at this very moment; the write itself is done.
      await keep().catch(async (error: unknown) => {
        await rm(file, { force: true })
        if (!isFullDisk(error)) throw error
      })
    },
  }
}
