import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isAppError } from '../../shared/errors'

/** Where a layer can be fetched right now; asked for again whenever an address stops working. */
export type LayerUrl = () => Promise<{ url: string; sizeBytes: number }>

export interface DownloadOptions {
  /** Exact size of the object in bytes: the brain knows it. */
  sizeBytes: number
  signal: AbortSignal
  /** Tries in a row that bring no byte before giving up. */
  attempts?: number
  /** A connection that says nothing for this long is cut and tried again. */
  stallMs?: number
  /** First wait between tries; doubles up to 30 times of it. */
  backoffMs?: number
}

/** Eight tries are 45 s of waiting: a store that restarts is back by then. */
const DEFAULTS = { attempts: 8, stallMs: 30_000, backoffMs: 500 }

/**
 * Yields the bytes of one object exactly once and in order, however often the connection breaks: it goes on by range
 * where it stopped, with a fresh address each time (the old one may have expired). Does not judge the bytes; the
 * caller compares size and sha256. An object that is shorter than it should be ends where it ends: trying again brings no more.
 *
 * @throws AppError DOWNLOAD_FAILED after `attempts` tries in a row without a byte; the signal's reason when aborted.
 */
export async function* download(layerUrl: LayerUrl, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const { attempts, stallMs, backoffMs } = { ...DEFAULTS, ...options }
  let offset = 0
  let failures = 0
  let lastError: unknown
  while (offset < options.sizeBytes) {
    if (failures >= attempts) {
      throw new AppError(
        'DOWNLOAD_FAILED',
        `The layer could not be fetched after ${attempts} tries: ${describe(lastError)}. The node tries again at the next start; check that it reaches the object store.`,
        { cause: lastError },
      )
    }
    if (failures > 0)
      await delay(Math.min(backoffMs * 2 ** (failures - 1), backoffMs * 30), undefined, { signal: options.signal })
    try {
      for await (const chunk of attempt(layerUrl, offset, stallMs, options.signal)) {
        failures = 0
        offset += chunk.byteLength
        yield chunk
      }
      if (offset < options.sizeBytes)
        throw new Error(`the connection ended after ${offset} of ${options.sizeBytes} bytes`)
    } catch (error) {
      options.signal.throwIfAborted()
      if (error instanceof EndOfObject) return
      failures += 1
      lastError = error
    }
  }
}

async function* attempt(
  layerUrl: LayerUrl,
  offset: number,
  stallMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { url } = await layerUrl()
  const stalled = new AbortController()
  const watch = () => setTimeout(() => stalled.abort(new Error(`no byte for ${stallMs / 1_000} s`)), stallMs)
  let watchdog = watch()
  try {
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
      signal: AbortSignal.any([signal, stalled.signal]),
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      if (offset > 0 && response.status === 416 && sizeOf(response) === offset) throw new EndOfObject()
      throw new Error(`the store answered ${response.status}`)
    }
    let skip = bytesToSkip(response, offset)
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      // A slow disk on our side is not a silent store: the clock stands while the caller works.
      clearTimeout(watchdog)
      const wanted = skip > 0 ? chunk.subarray(Math.min(skip, chunk.byteLength)) : chunk
      skip -= chunk.byteLength - wanted.byteLength
      if (wanted.byteLength > 0) yield wanted
      watchdog = watch()
    }
  } finally {
    clearTimeout(watchdog)
  }
}

class EndOfObject extends Error {}

/** Of the whole object, as a refused range tells it (RFC 9110, 14.4). */
function sizeOf(response: Response): number | undefined {
  const size = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
  return size === undefined ? undefined : Number(size)
}

/** A store that ignores the range sends everything again; one that sends another range is not believed. */
function bytesToSkip(response: Response, offset: number): number {
  if (offset === 0 || response.status === 200) return offset
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  if (Number(start) !== offset) throw new Error(`the store answered another range than bytes ${offset} on`)
  return 0
}

function describe(error: unknown): string {
  if (isAppError(error)) return error.detail.replace(/\.$/, '')
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}`
}
