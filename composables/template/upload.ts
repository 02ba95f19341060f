import { ApiError } from '../api/api-error'
import { apiAddress, apiErrorFrom } from '../api/request'

export interface UploadProgress {
  sentBytes: number
  totalBytes: number
  /** Over the last seconds; null until there is something to measure. */
  bytesPerSecond: number | null
}

export interface UploadRequest {
  id: string
  version: string
  query: Record<string, string | undefined>
  file: Blob
  onProgress: (progress: UploadProgress) => void
  signal: AbortSignal
}

/** Speed is measured over this long: shorter jumps about, longer hides that a line died. */
const SPEED_WINDOW_MS = 4_000

/**
 * Publishes one archive. XMLHttpRequest, because fetch tells nothing about what was sent. Resolves with the body of the
 * answer; throws ApiError; an aborted one throws the signal's reason.
 */
export function uploadArchive(upload: UploadRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const speed = createSpeedometer(SPEED_WINDOW_MS)
    const abort = () => request.abort()
    upload.signal.addEventListener('abort', abort, { once: true })
    request.upload.onprogress = event =>
      upload.onProgress({
        sentBytes: event.loaded,
        totalBytes: event.total,
        bytesPerSecond: speed(event.loaded, Date.now()),
      })
    request.onabort = () => reject(upload.signal.reason)
    request.onerror = () => reject(new ApiError('unreachable'))
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText))
      else reject(apiErrorFrom(request.status, request.responseText, request.getResponseHeader('retry-after')))
    }
    request.onloadend = () => upload.signal.removeEventListener('abort', abort)
    const path = `/templates/${encodeURIComponent(upload.id)}/versions/${encodeURIComponent(upload.version)}`
    request.open('PUT', apiAddress(path, upload.query))
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader('accept', 'application/json')
    request.send(upload.file)
  })
}

/** Bytes per second over a sliding window, from growing totals. */
export function createSpeedometer(windowMs: number): (total: number, at: number) => number | null {
  const marks: { total: number; at: number }[] = []
  return (total, at) => {
    marks.push({ total, at })
    while (marks.length > 2 && (marks[1]?.at ?? at) < at - windowMs) marks.shift()
    const first = marks[0]
    return first && at > first.at ? ((total - first.total) / (at - first.at)) * 1_000 : null
  }
}
