import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { z } from 'zod'

/** Told at start: the brain cannot work in its data folder. The text is for the operator. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

export interface DataFolder {
  path: string
  file(name: string): string
  /** Lets another brain use the folder. */
  release(): void
}

const holder = z.object({ pid: z.int() })

/**
 * Makes the data folder (0700) and takes it for this process alone. The lock is an open transaction on a
 * file of its own: the kernel gives it back when the process dies, however it dies, so that no stale lock can
 * exist and two brains in two containers with equal pids still see each other. `brain.pid` only names the holder.
 *
 * Throws DataFolderError when another brain holds the folder, or when it cannot be written.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${path} cannot be made: ${reasonOf(error)}. Set STRATA_DATA_DIR to a folder that this user may write.`,
      { cause: error },
    )
  }
  const lock = takeLock(path)
  const pidFile = join(path, 'brain.pid')
  writeFileSync(pidFile, JSON.stringify({ pid: process.pid }), { mode: 0o600 })
  return {
    path,
    file: name => join(path, name),
    release() {
      rmSync(pidFile, { force: true })
      lock.close()
    },
  }
}

function takeLock(path: string): BetterSqlite3.Database {
  let lock: BetterSqlite3.Database
  try {
    lock = new BetterSqlite3(join(path, 'brain.lock'), { timeout: 0 })
  } catch (error) {
    throw new DataFolderError(
      `The data folder ${path} cannot be written: ${reasonOf(error)}. Give it to the user that runs the brain.`,
      { cause: error },
    )
  }
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!(error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error
    throw new DataFolderError(
      `Another brain (pid ${holderOf(path) ?? 'unknown'}) uses the data folder ${path}. Stop it first, or set STRATA_DATA_DIR to another folder.`,
    )
  }
}

function holderOf(path: string): number | undefined {
  try {
    return holder.parse(JSON.parse(readFileSync(join(path, 'brain.pid'), 'utf8'))).pid
  } catch {
    // Only for the message: the holder may be about to write it.
    return undefined
  }
}

export interface Keys {
  /** Seals the session cookie. */
  session: string
  /** Seals secrets in the database. 32 bytes. */
  secretBox: Buffer
  /** Signs addresses of downloads. 32 bytes. */
  urlSigning: Buffer
}

/** Reads the keys of this brain, and makes those that are missing (mode 0600, on disk before they are used). */
export function loadKeys(folder: DataFolder): Keys {
  const keysDir = folder.file('keys')
  mkdirSync(keysDir, { recursive: true, mode: 0o700 })
  return {
    session: loadKey(join(keysDir, 'session')).toString('hex'),
    secretBox: loadKey(join(keysDir, 'secret-box')),
    urlSigning: loadKey(join(keysDir, 'url-signing')),
  }
}

function loadKey(file: string): Buffer {
  const text = readKey(file) ?? makeKey(file)
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new DataFolderError(
      `The key file ${file} is damaged: it must hold 64 hexadecimal digits. Put it back from a backup.`,
    )
  }
  chmodSync(file, 0o600)
  return Buffer.from(text, 'hex')
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new DataFolderError(`The key file ${file} cannot be read: ${reasonOf(error)}.`, { cause: error })
  }
}

/** Whole or not at all: a half-written key would lock out whatever was sealed with it. */
function makeKey(file: string): string {
  const text = randomBytes(32).toString('hex')
  const draft = `${file}.${process.pid}.new`
  const handle = openSync(draft, 'w', 0o600)
  writeSync(handle, `${text}\n`)
  fsyncSync(handle)
  closeSync(handle)
  linkSync(draft, file)
  rmSync(draft)
  return text
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
