import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ArchiveSink, FileWriter } from './archive-sink'

/** Only ever a new file, and never through a link that somebody put in its place. */
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const FOLDER_MODE = 0o755

/**
 * Unpacks below `root`, which is made when it is not there and must be private to the caller: folders 0755, files
 * 0644 or 0755 whatever the umask, everything given to `owner` (needs root). Nothing is made durable: one sync of
 * the file system afterwards is far cheaper than one per file.
 *
 * Errors of the file system (ENOSPC, EACCES …) come through as they are.
 */
export function createDiskSink(root: string, owner?: { uid: number; gid: number }): ArchiveSink {
  const settle = (place: string, mode: number) => {
    chmodSync(place, mode)
    if (owner) chownSync(place, owner.uid, owner.gid)
  }
  mkdirSync(root, { recursive: true })
  settle(root, FOLDER_MODE)

  return {
    directory(path) {
      const place = join(root, path)
      mkdirSync(place)
      settle(place, FOLDER_MODE)
    },

    file(path, { mode }) {
      const descriptor = openSync(join(root, path), CREATE, mode)
      try {
        fchmodSync(descriptor, mode)
        if (owner) fchownSync(descriptor, owner.uid, owner.gid)
      } catch (error) {
        closeSync(descriptor)
        throw error
      }
      return fileWriter(descriptor)
    },

    copy(from, path, mode) {
      const place = join(root, path)
      copyFileSync(join(root, from), place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      settle(place, mode)
    },

    symlink(path, target) {
      const place = join(root, path)
      symlinkSync(target, place)
      if (owner) lchownSync(place, owner.uid, owner.gid)
    },

    remove(path) {
      rmSync(join(root, path), { recursive: true })
    },
  }
}

function fileWriter(descriptor: number): FileWriter {
  return {
    write(chunk) {
      for (let at = 0; at < chunk.byteLength;) at += writeSync(descriptor, chunk, at)
    },
    end() {
      closeSync(descriptor)
    },
    abandon() {
      closeSync(descriptor)
    },
  }
}
