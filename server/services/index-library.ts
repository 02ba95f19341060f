import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { decodeIndex, encodeIndex } from '../../core/archive/index-file'
import { readArchive } from '../../core/archive/read-archive'
import { POLICY } from '../../shared/domain/policy'
import { isAppError } from '../../shared/errors'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import { indexKey, layerKey } from '../domain/object-keys'
import type { ObjectStore } from '../ports'

/** The indexes of published archives: kept as objects, the ones used last also in memory. */
export interface IndexLibrary {
  /** Stores an index beside its archive. Twice is the same as once. */
  write(index: LayerIndex): Promise<void>
  /**
   * The index of an archive by its sha256. One that is missing or damaged is made again from the archive. NOT_FOUND when
   * the archive is gone as well. The answer is shared: never change it.
   */
  read(sha256: string): Promise<LayerIndex>
  remove(sha256: string): Promise<void>
}

/** @param limitBytes how much memory the kept indexes may take, by estimate; the one used longest ago goes first */
export function createIndexLibrary(
  objects: ObjectStore,
  limitBytes: number = POLICY.templates.indexCacheBytes,
): IndexLibrary {
  /** In the order of their last use. */
  const kept = new Map<string, { loading: Promise<LayerIndex>; bytes: number }>()
  let keptBytes = 0

  async function write(index: LayerIndex): Promise<void> {
    const bytes = await encodeIndex(index)
    await objects.putStream(Readable.from([bytes]), () => Promise.resolve({ key: indexKey(index.sha256) }))
  }

  async function load(sha256: string): Promise<LayerIndex> {
    try {
      return await decodeIndex(await buffer(await objects.get(indexKey(sha256))))
    } catch (error) {
      if (!isAppError(error) || (error.code !== 'NOT_FOUND' && error.code !== 'ARCHIVE_CORRUPT')) throw error
      const index = await readArchive(await objects.get(layerKey(sha256)))
      await write(index)
      return index
    }
  }

  function forget(sha256: string): void {
    keptBytes -= kept.get(sha256)?.bytes ?? 0
    kept.delete(sha256)
  }

  async function loadAndKeep(sha256: string): Promise<LayerIndex> {
    const entry = { loading: load(sha256), bytes: 0 }
    kept.set(sha256, entry)
    try {
      const index = await entry.loading
      if (kept.get(sha256) !== entry) return index
      entry.bytes = estimateBytes(index)
      keptBytes += entry.bytes
      for (const oldest of kept.keys()) {
        if (keptBytes <= limitBytes) break
        forget(oldest)
      }
      return index
    } catch (error) {
      if (kept.get(sha256) === entry) forget(sha256)
      throw error
    }
  }

  return {
    write,
    read(sha256) {
      const entry = kept.get(sha256)
      if (!entry) return loadAndKeep(sha256)
      kept.delete(sha256)
      kept.set(sha256, entry)
      return entry.loading
    },
    async remove(sha256) {
      forget(sha256)
      await objects.remove(indexKey(sha256))
    },
  }
}

/** What an entry takes on the heap beside its path: the object, a checksum of 64 characters, numbers. Measured, rounded up. */
const ENTRY_BYTES = 300

function estimateBytes(index: LayerIndex): number {
  return index.entries.reduce((sum, entry) => sum + ENTRY_BYTES + entry.path.length, POLICY.files.metadataBytes)
}
