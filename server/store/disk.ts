import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { AppError } from '../../shared/errors'
import type { Clock, ObjectStore } from '../ports'
import { isObjectKey, requireObjectKey } from './object-key'
import { signPath } from './signed-url'

/** Not a possible key, so that it can never be listed, read or removed as an object. */
const STAGING = '.staging'

export interface DiskStoreOptions {
  /** Folder of the objects; made when missing. It belongs to one brain alone. */
  root: string
  /** Signs download addresses; at least 32 bytes. Addresses given out before it changed are refused. */
  urlSecret: Buffer
  clock: Pick<Clock, 'now'>
}

/**
 * The object store on the brain's own disk. An object is a file named by its key; it appears by one rename after
 * its bytes reached the disk, so a reader sees all of it or nothing, also after a power cut. What an upload left
 * behind when the brain died is removed when the store is opened.
 */
export function openDiskStore(options: DiskStoreOptions): ObjectStore {
  const staging = join(options.root, STAGING)
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { recursive: true, mode: 0o700 })
  const fileOf = (key: string) => join(options.root, ...requireObjectKey(key).split('/'))

  return {
    driver: 'disk',

    async putStream(source, finish) {
      const staged = join(staging, randomUUID())
      try {
        const written = await writeStaged(staged, source)
        const { key } = await finish(written)
        const target = fileOf(key)
        await makeFolder(dirname(target))
        await rename(staged, target)
        await syncFolder(dirname(target))
        return { key, ...written }
      } catch (error) {
        await rm(staged, { force: true })
        throw asStoreError(error)
      }
    },

    async get(key, range) {
      try {
        const handle = await open(fileOf(key), 'r')
        if (!(await handle.stat()).isFile()) {
          await handle.close()
          throw notStored(key)
        }
        return handle.createReadStream(
          range ? { start: range.start, ...(range.end === undefined ? {} : { end: range.end }) } : {},
        )
      } catch (error) {
        throw asStoreError(error, key)
      }
    },

    async stat(key) {
      const size = isObjectKey(key) ? await sizeOf(fileOf(key)) : undefined
      return size === undefined ? undefined : { sizeBytes: size }
    },

    async remove(key) {
      if (isObjectKey(key)) await rm(fileOf(key), { force: true })
    },

    async *list(prefix) {
      for await (const file of filesBelow(options.root)) {
        const key = file
          .slice(options.root.length + 1)
          .split(sep)
          .join('/')
        if (!key.startsWith(prefix)) continue
        const sizeBytes = await sizeOf(file)
        if (sizeBytes !== undefined) yield { key, sizeBytes }
      }
    },

    signedUrl(key, { expiresInMs, fileName }) {
      const facts = {
        key: requireObjectKey(key),
        expiresAt: options.clock.now() + expiresInMs,
        fileName: fileName ?? null,
      }
      return Promise.resolve(signPath(options.urlSecret, facts))
    },
  }
}

/** Writes and syncs one staging file; the bytes are on the disk when this returns. */
async function writeStaged(path: string, source: Readable): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const handle = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of source) {
      const bytes = chunk as Buffer
      hash.update(bytes)
      sizeBytes += bytes.length
      await handle.writeFile(bytes)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}

/** Makes a folder and its parents; they are on the disk when this returns. */
async function makeFolder(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: 0o700 })
  if (firstMade === undefined) return
  for (let folder = path; folder.length >= dirname(firstMade).length; folder = dirname(folder)) {
    await syncFolder(folder)
    if (folder === dirname(folder)) return
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Every file of the store but the staged ones, in no order. */
async function* filesBelow(root: string): AsyncGenerator<string> {
  for await (const entry of await opendir(root)) {
    const path = join(root, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && entry.name !== STAGING) yield* filesBelow(path)
  }
}

/** undefined for what is not there, or no longer, or no file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function notStored(key: string, cause?: unknown): AppError {
  return new AppError('NOT_FOUND', `The object store holds no "${key}".`, { cause })
}

function asStoreError(error: unknown, key?: string): unknown {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError(
      'DISK_FULL',
      'The disk of the brain has no room for this. Nothing was kept; make room and try again.',
      { cause: error },
    )
  }
  return key !== undefined && isMissing(error) ? notStored(key, error) : error
}
