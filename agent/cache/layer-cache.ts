import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { decodeIndex, encodeIndex } from '../../core/archive/index-file'
import { AppError } from '../../shared/errors'
import { sha256 } from '../../shared/schemas/common'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import type { CachedLayer, NodeLoad } from '../../shared/schemas/node'
import { diskError } from '../disk-error'
import { failpoint } from '../failpoint'
import { syncFileSystem, syncFolder } from '../sync-disk'
import { discardFolder, listLayerFolders, shortSha } from './layer-folders'
import type { LayerFolders } from './layer-folders'
import { fetchLayer } from './fetch-layer'
import type { FetchLayer, WantedLayer } from './fetch-layer'

/** An unpacked layer that stays where it is until it is released. */
export interface HeldLayer {
  /** Folder with the files of the layer; never written to. */
  root: string
  index: LayerIndex
}

/** What is remembered beside a layer. `lastUsedAt` is the file's own time of change. */
const meta = z.object({ sha256, template: z.string(), version: z.string(), bytes: z.number(), files: z.int() })

export interface LayerCacheOptions {
  folders: LayerFolders
  /** Everything unpacked belongs to this user; null when the agent is not root and cannot give files away. */
  owner: { uid: number; gid: number } | null
  /** Asks the brain for an address of a layer of an instance. */
  layerUrl: (instanceId: string, sha256: string) => Promise<{ url: string; sizeBytes: number }>
  /** sha256 of every layer that an instance on this node is laid out from → those instances. */
  inUse: () => ReadonlyMap<string, readonly string[]>
  /** Above this, the least recently used layers that nobody uses go; null: no limit. */
  limitBytes: number | null
  log?: CacheLog | undefined
}

/** What came, what was there already, what went. */
export interface CacheLog {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
}

/**
 * Layers on a node: fetched once however many wait for them, unpacked once, shared by all, verified before they
 * appear, never removed while in use.
 */
export async function createLayerCache(options: LayerCacheOptions) {
  const { folders } = options
  const pins = new Map<string, number>()
  const fetching = new Map<string, FetchLayer>()
  const indexes = new Map<string, LayerIndex>()
  let hits = 0
  let misses = 0
  let usage = { layers: 0, bytes: 0 }

  const folderOf = (sha: string) => join(folders.layers, shortSha(sha))
  const isHeld = (sha: string) => pins.has(sha) || options.inUse().has(sha)

  async function hold(
    layer: WantedLayer,
    instanceId: string,
    run: { fresh: boolean; signal: AbortSignal; onBytes: (bytes: number) => void },
  ): Promise<HeldLayer> {
    pins.set(layer.sha256, (pins.get(layer.sha256) ?? 0) + 1)
    try {
      const present = await readIndex(layer.sha256)
      // In dev mode a layer that only this instance waits for is fetched again; one that others stand on is left alone.
      const again = present && run.fresh && !othersHold(layer.sha256, [instanceId])
      if (present && !again) {
        hits += 1
        options.log?.debug({ instanceId, ...nameOf(layer) }, 'A layer was in the cache')
        run.onBytes(layer.sizeBytes)
      } else {
        misses += 1
        const begun = performance.now()
        await fetchOnce(layer, instanceId, run)
        const ms = Math.round(performance.now() - begun)
        options.log?.info({ instanceId, ...nameOf(layer), bytes: layer.sizeBytes, ms }, 'A layer was fetched')
      }
      const now = new Date()
      await utimes(join(folderOf(layer.sha256), 'meta.json'), now, now)
      const index = await readIndex(layer.sha256)
      if (!index)
        throw new AppError(
          'PREPARE_FAILED',
          `The layer ${layer.template}@${layer.version} vanished from the node's cache while it was used. Start the server again: it will be fetched anew.`,
        )
      return { root: join(folderOf(layer.sha256), 'root'), index }
    } catch (error) {
      release(layer.sha256)
      throw error
    }
  }

  function othersHold(sha: string, mine: readonly string[]): boolean {
    return (pins.get(sha) ?? 0) > mine.length || (options.inUse().get(sha) ?? []).some(user => !mine.includes(user))
  }

  /** Waits for the one download of these bytes; it is cut off when the last one who waits gives up. */
  async function fetchOnce(
    layer: WantedLayer,
    instanceId: string,
    run: { signal: AbortSignal; onBytes: (bytes: number) => void },
  ): Promise<void> {
    const waiter = { ...run, instanceId }
    const running = fetching.get(layer.sha256)
    if (running && !running.isCancelled() && !running.isSettled()) return running.join(waiter)
    const job = fetchLayer(layer, {
      folders,
      owner: options.owner,
      layerUrl: () => options.layerUrl(instanceId, layer.sha256),
      publish: (staged, index, waiting) => publish(layer, staged, index, waiting),
    })
    fetching.set(layer.sha256, job)
    try {
      await job.join(waiter)
    } finally {
      if (fetching.get(layer.sha256) === job && job.isSettled()) fetching.delete(layer.sha256)
    }
  }

  /** Moves a verified layer to its place: index and meta first, one sync, one rename. */
  async function publish(
    layer: WantedLayer,
    staged: string,
    index: LayerIndex,
    waiting: readonly string[],
  ): Promise<void> {
    // Fetched again while somebody else began to stand on the old one: a mounted layer must never be exchanged.
    if ((await readIndex(layer.sha256)) && othersHold(layer.sha256, waiting)) return
    const files = index.entries.filter(entry => entry.type === 'file').length
    await writeFile(join(staged, 'index'), await encodeIndex(index))
    await writeFile(
      join(staged, 'meta.json'),
      JSON.stringify(
        meta.parse({
          sha256: layer.sha256,
          template: layer.template,
          version: layer.version,
          bytes: index.unpackedBytes,
          files,
        }),
      ),
    )
    await syncFileSystem(staged)
    await failpoint('cache.beforePublish')
    await discardFolder(folders, folderOf(layer.sha256))
    await failpoint('cache.beforeRename')
    await rename(staged, folderOf(layer.sha256))
    await syncFolder(folders.layers)
    indexes.set(layer.sha256, index)
    await keepToLimit()
  }

  async function count(): Promise<CachedLayer[]> {
    const layers = await list()
    usage = { layers: layers.length, bytes: layers.reduce((sum, layer) => sum + layer.bytes, 0) }
    return layers
  }

  /** Counts what is there, and makes room when it is more than the limit. */
  async function keepToLimit(): Promise<void> {
    const layers = await count()
    for (const layer of layers.toReversed()) {
      if (options.limitBytes === null || usage.bytes <= options.limitBytes) break
      if (isHeld(layer.sha256)) continue
      await remove(layer)
      usage = { layers: usage.layers - 1, bytes: usage.bytes - layer.bytes }
    }
  }

  function remove(layer: CachedLayer): Promise<void> {
    indexes.delete(layer.sha256)
    options.log?.info({ ...nameOf(layer), bytes: layer.bytes }, 'A layer goes from the cache')
    return discardFolder(folders, folderOf(layer.sha256))
  }

  async function readIndex(sha: string): Promise<LayerIndex | undefined> {
    const known = indexes.get(sha)
    if (known) return known
    const bytes = await readFile(join(folderOf(sha), 'index')).catch(missing)
    if (!bytes) return undefined
    const index = await decodeIndex(bytes)
    if (index.sha256 !== sha) return undefined
    indexes.set(sha, index)
    return index
  }

  function release(sha: string): void {
    const count = (pins.get(sha) ?? 0) - 1
    if (count > 0) pins.set(sha, count)
    else pins.delete(sha)
  }

  /** What is cached, most recently used first. */
  async function list(): Promise<CachedLayer[]> {
    const layers: CachedLayer[] = []
    for (const name of await listLayerFolders(folders)) {
      const file = join(folders.layers, name, 'meta.json')
      const text = await readFile(file, 'utf8').catch(missing)
      if (text === undefined) continue
      const known = meta.parse(JSON.parse(text))
      layers.push({
        ...known,
        lastUsedAt: Math.round((await stat(file)).mtimeMs),
        inUseBy: [...(options.inUse().get(known.sha256) ?? [])],
      })
    }
    return layers.sort((a, b) => b.lastUsedAt - a.lastUsedAt)
  }

  /** Removes cached layers that no instance uses; `chosen` undefined means all. Twice is the same as once. */
  async function purge(
    chosen?: readonly { template: string; version?: string | undefined }[],
  ): Promise<{ removedLayers: number; freedBytes: number; keptInUse: number }> {
    const result = { removedLayers: 0, freedBytes: 0, keptInUse: 0 }
    for (const layer of await list()) {
      if (
        chosen &&
        !chosen.some(
          one => one.template === layer.template && (one.version === undefined || one.version === layer.version),
        )
      )
        continue
      if (isHeld(layer.sha256)) {
        result.keptInUse += 1
        continue
      }
      await remove(layer)
      result.removedLayers += 1
      result.freedBytes += layer.bytes
    }
    await keepToLimit()
    return result
  }

  /** Removes every layer that nobody uses but those named; resolves to the bytes that this freed. */
  async function makeRoom(keep: ReadonlySet<string>): Promise<number> {
    let freed = 0
    for (const layer of await list()) {
      if (isHeld(layer.sha256) || keep.has(layer.sha256)) continue
      await remove(layer)
      freed += layer.bytes
    }
    await count()
    return freed
  }

  await count()
  return {
    /**
     * Gives an unpacked layer, fetching it when it is not here (or `fresh` is set and nobody else uses it), and pins it
     * until `release`. `onBytes` gets the compressed bytes as they come.
     *
     * @throws AppError DOWNLOAD_FAILED, CHECKSUM_MISMATCH, DISK_FULL or a code of the archive policy.
     */
    hold: (
      layer: WantedLayer,
      instanceId: string,
      run: { fresh: boolean; signal: AbortSignal; onBytes: (bytes: number) => void },
    ) =>
      hold(layer, instanceId, run).catch((error: unknown) => {
        throw diskError(error, `fetching the layer ${layer.template}@${layer.version}`)
      }),
    release,
    list,
    purge,
    makeRoom,
    figures: (): NodeLoad['cache'] => ({ ...usage, hits, misses }),
  }
}
export type HoldingCache = Awaited<ReturnType<typeof createLayerCache>>

function nameOf({ template, version, sha256: sha }: { template: string; version: string; sha256: string }) {
  return { template, version, sha256: sha }
}

function missing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
