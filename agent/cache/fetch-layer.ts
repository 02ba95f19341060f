import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createDiskSink } from '../../core/archive/disk-sink'
import { readArchive } from '../../core/archive/read-archive'
import { AppError, ERRORS, isAppError } from '../../shared/errors'
import type { LayerIndex } from '../../shared/schemas/layer-index'
import { failpoint } from '../failpoint'
import { download } from './download'
import type { LayerUrl } from './download'
import { makeStaging } from './layer-folders'
import type { LayerFolders } from './layer-folders'

/** A layer as an instance names it. */
export interface WantedLayer {
  template: string
  version: string
  sha256: string
  sizeBytes: number
}

export interface FetchOptions {
  folders: LayerFolders
  owner: { uid: number; gid: number } | null
  layerUrl: LayerUrl
  /** Called once with the staged folder (files below `root/`) when size and sha256 are right, and who waits for it. */
  publish: (staged: string, index: LayerIndex, waiting: readonly string[]) => Promise<void>
}

/** Somebody who needs the layer. */
export interface Waiter {
  instanceId: string
  signal: AbortSignal
  /** Compressed bytes as they come; what came before is told at once. */
  onBytes: (bytes: number) => void
}

/** One download that several may wait for. */
export interface FetchLayer {
  /** Resolves when the layer is in its place. A waiter that aborts leaves; the last one to leave ends the download. */
  join(waiter: Waiter): Promise<void>
  isSettled(): boolean
  isCancelled(): boolean
}

/** Starts fetching, judging and unpacking a layer in one pass. Whatever goes wrong, staging is given back. */
export function fetchLayer(layer: WantedLayer, options: FetchOptions): FetchLayer {
  const cancel = new AbortController()
  const waiters = new Set<Waiter>()
  let doneBytes = 0
  let settled = false

  const onBytes = (bytes: number) => {
    doneBytes += bytes
    for (const waiter of waiters) waiter.onBytes(bytes)
  }
  const fetched = {
    layer,
    options,
    signal: cancel.signal,
    onBytes,
    waiting: () => [...waiters].map(waiter => waiter.instanceId),
  }
  const work = fetchAndPublish(fetched).finally(() => {
    settled = true
  })
  // Every waiter sees the failure through its own `join`; without one nobody is left to tell.
  work.catch(() => undefined)

  return {
    isSettled: () => settled,
    isCancelled: () => cancel.signal.aborted,
    async join(waiter) {
      waiter.signal.throwIfAborted()
      waiters.add(waiter)
      if (doneBytes > 0) waiter.onBytes(doneBytes)
      const left = Promise.withResolvers<never>()
      const leave = () => left.reject(waiter.signal.reason)
      waiter.signal.addEventListener('abort', leave, { once: true })
      try {
        await Promise.race([work, left.promise])
      } finally {
        waiter.signal.removeEventListener('abort', leave)
        waiters.delete(waiter)
        if (waiters.size === 0 && !settled) cancel.abort(new Error('nobody waits for this layer any more'))
      }
    },
  }
}

interface Fetching {
  layer: WantedLayer
  options: FetchOptions
  signal: AbortSignal
  onBytes: (bytes: number) => void
  waiting: () => readonly string[]
}

async function fetchAndPublish({ layer, options, signal, onBytes, waiting }: Fetching): Promise<void> {
  const staged = makeStaging(options.folders)
  try {
    const bytes = countBytes(download(options.layerUrl, { sizeBytes: layer.sizeBytes, signal }), onBytes)
    const index = await unpack(bytes, join(staged, 'root'), options.owner, signal).catch(async (error: unknown) => {
      // Bytes that do not even unpack are most often not the ones that were published: that is the better answer.
      if (isAppError(error) && ERRORS[error.code].status === 422) refuseOthers(layer, await bytes.drain(), error)
      throw error
    })
    refuseOthers(layer, { sha256: index.sha256, sizeBytes: index.sizeBytes })
    await failpoint('prepare.afterDownload')
    await options.publish(staged, index, waiting())
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

function unpack(
  bytes: AsyncIterable<Uint8Array>,
  root: string,
  owner: FetchOptions['owner'],
  signal: AbortSignal,
): Promise<LayerIndex> {
  const source = Readable.from(bytes, { objectMode: false })
  return readArchive(source, { sink: createDiskSink(root, owner ?? undefined), signal })
}

function refuseOthers(layer: WantedLayer, found: { sha256: string; sizeBytes: number }, cause?: unknown): void {
  if (found.sha256 === layer.sha256 && found.sizeBytes === layer.sizeBytes) return
  throw new AppError(
    'CHECKSUM_MISMATCH',
    `The bytes of ${layer.template}@${layer.version} are not the ones that were published: sha256 ${found.sha256} was found, ${layer.sha256} was needed. Nothing was kept; check the object store and what stands between it and the node.`,
    { cause },
  )
}

/** Counts and hashes what passes. `drain` reads on to the end, for a reader that gave up in the middle. */
function countBytes(chunks: AsyncGenerator<Uint8Array>, onBytes: (bytes: number) => void) {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const next = async () => {
    const result = await chunks.next()
    if (!result.done) {
      hash.update(result.value)
      sizeBytes += result.value.byteLength
      onBytes(result.value.byteLength)
    }
    return result
  }
  return {
    // Without `return`, so that a reader that stops does not end the download: `drain` may still want the rest.
    [Symbol.asyncIterator]: () => ({ next }),
    async drain() {
      while (!(await next()).done);
      return { sha256: hash.digest('hex'), sizeBytes }
    },
  }
}
