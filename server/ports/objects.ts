import type { Readable } from 'node:stream'
import type { StoreName } from '../../shared/schemas/store'

/** One object and where its bytes are. */
export interface ObjectPlace {
  key: string
  store: StoreName
  sizeBytes: number
}

/** Which store holds which object: the list of everything that is stored. */
export interface ObjectPlaces {
  find(key: string): Promise<StoreName | undefined>
  /** Writes or changes one. */
  put(place: ObjectPlace): Promise<void>
  /** Writes those that are not known; how many. */
  adopt(places: ObjectPlace[]): Promise<number>
  remove(key: string): Promise<void>
  /** By key. */
  list(prefix: string): Promise<ObjectPlace[]>
  /** The first one of a store behind a key. */
  next(store: StoreName, after: string): Promise<ObjectPlace | undefined>
  amounts(): Promise<Record<StoreName, { objects: number; bytes: number }>>
}

/** Blobs by key. Two drivers, one contract suite in tests/contracts. */
export interface ObjectStore {
  readonly driver: StoreName
  /**
   * Streams bytes in, whole or not at all: a source that fails leaves nothing behind. The key is chosen by the
   * caller after the stream ended, because only then its sha256 is known. DISK_FULL when there is no room.
   */
  putStream(
    source: Readable,
    finish: (written: { sha256: string; sizeBytes: number }) => Promise<{ key: string }>,
  ): Promise<{ key: string; sha256: string; sizeBytes: number }>
  /** NOT_FOUND when there is no such key. `start` and `end` (inclusive) select a range. */
  get(key: string, range?: { start: number; end?: number }): Promise<Readable>
  stat(key: string): Promise<{ sizeBytes: number } | undefined>
  /** Twice is the same as once. */
  remove(key: string): Promise<void>
  list(prefix: string): AsyncIterable<{ key: string; sizeBytes: number }>
  /** An address that gives these bytes to whoever holds it until it expires; one object, one method. */
  signedUrl(key: string, options: { expiresInMs: number; fileName?: string }): Promise<string>
}
