import { addAbortSignal, Readable } from 'node:stream'
import { AppError, isAppError } from '../../shared/errors'
import { otherStore } from '../../shared/schemas/store'
import type { StoreName } from '../../shared/schemas/store'
import { layerChecksumOf } from '../domain/object-keys'
import type { ObjectPlace, ObjectPlaces, ObjectStore } from '../ports'
import type { KeyedLock } from './keyed-lock'
import type { RunningOperation } from './operation-service'

export interface ObjectMoveDeps {
  drivers: Record<StoreName, ObjectStore>
  places: ObjectPlaces
  /** The lock of publishing and deleting, by the last part of a key. */
  blobLock: KeyedLock
}

export interface Moved {
  objects: number
  movedBytes: number
}

/**
 * Moves every object into `to`, one after the other: copied, found right by its new store, noted, and only then removed
 * from the old one. It may stop and begin anywhere; what has moved stays moved. Objects whose bytes are not right stay where they
 * are, the others go on, and the end says which.
 *
 * @throws the signal's reason; STORE_UNAVAILABLE and the like of the stores; STORE_CORRUPT when something had to stay
 */
export async function moveObjects(deps: ObjectMoveDeps, to: StoreName, operation: RunningOperation): Promise<Moved> {
  const { drivers, places, blobLock } = deps
  const { signal } = operation
  const from = otherStore(to)
  const whole = (await places.amounts())[from]
  const moved: Moved = { objects: 0, movedBytes: 0 }
  const stayed: string[] = []
  const tell = (key: string, partBytes = 0) =>
    operation.progress({
      step: key,
      done: moved.objects,
      total: whole.objects,
      bytes: { done: moved.movedBytes + partBytes, total: whole.bytes },
    })

  for (let after = ''; ;) {
    signal.throwIfAborted()
    const next = await places.next(from, after)
    if (!next) break
    after = next.key
    const unlock = await blobLock.acquire(after.slice(after.lastIndexOf('/') + 1))
    try {
      await moveOne(next, bytes => tell(next.key, bytes))
      moved.objects += 1
      moved.movedBytes += next.sizeBytes
    } catch (error) {
      signal.throwIfAborted()
      if (!isAppError(error) || (error.code !== 'CHECKSUM_MISMATCH' && error.code !== 'NOT_FOUND')) throw error
      stayed.push(`${next.key}: ${error.detail}`)
    } finally {
      unlock()
    }
    tell(next.key)
  }
  if (stayed.length === 0) return moved
  throw new AppError(
    'STORE_CORRUPT',
    `${moved.objects} objects were moved, ${stayed.length} had to stay: ${stayed.slice(0, 5).join(' ')} Delete or publish again the versions that have them, then move again.`,
  )

  async function moveOne({ key, sizeBytes }: ObjectPlace, onBytes: (bytes: number) => void): Promise<void> {
    // Deleted, or published into the new store, while we waited.
    if ((await places.find(key)) !== from) return
    const expected = layerChecksumOf(key)
    const found = await drivers[from].get(key).catch(async (error: unknown) => {
      if (expected !== undefined || !isAppError(error) || error.code !== 'NOT_FOUND') throw error
      // An index that is gone: it is made again when somebody asks for it.
      await places.remove(key)
    })
    if (!found) return
    const source = addAbortSignal(signal, counted(found, onBytes))
    const refuse = (found: string) =>
      new AppError('CHECKSUM_MISMATCH', `in ${from} it has sha256 ${found} and ${sizeBytes} bytes were expected.`)
    await drivers[to].putStream(source, async written => {
      if (written.sizeBytes !== sizeBytes || (expected !== undefined && written.sha256 !== expected))
        throw refuse(written.sha256)
      return { key }
    })
    await places.put({ key, store: to, sizeBytes })
    await drivers[from].remove(key)
  }
}

function counted(source: Readable, onBytes: (bytes: number) => void): Readable {
  async function* pass() {
    let bytes = 0
    for await (const chunk of source) {
      bytes += (chunk as Buffer).length
      yield chunk as Buffer
      onBytes(bytes)
    }
  }
  return Readable.from(pass(), { objectMode: false })
}
