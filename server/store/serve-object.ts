import type { Readable } from 'node:stream'
import { AppError } from '../../shared/errors'
import type { ObjectStore } from '../ports'
import { parseRange } from './byte-range'
import { isObjectKey } from './object-key'

export interface ObjectRequest {
  method: 'GET' | 'HEAD'
  key: string
  fileName: string | null
  range: string | undefined
  ifRange: string | undefined
}

export interface ObjectAnswer {
  status: 200 | 206 | 416
  headers: Record<string, string>
  /** null for HEAD and 416. The caller reads it to its end or destroys it. */
  body: Readable | null
}

/**
 * Answers a download of one object, whole or a range of it. Objects never change under their key, so the last part of
 * the key, a sha256, is the entity tag. NOT_FOUND when the store has no such object.
 */
export async function answerObjectRequest(
  store: Pick<ObjectStore, 'get' | 'stat'>,
  request: ObjectRequest,
): Promise<ObjectAnswer> {
  const found = isObjectKey(request.key) ? await store.stat(request.key) : undefined
  if (!found) throw new AppError('NOT_FOUND', 'There is no such object. It may have been deleted meanwhile.')
  const { sizeBytes } = found
  const etag = `"${request.key.slice(request.key.lastIndexOf('/') + 1)}"`
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    etag,
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-store',
    ...(request.fileName === null
      ? {}
      : { 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(request.fileName)}` }),
  }
  const isRangeWanted = request.ifRange === undefined || request.ifRange === etag
  const range = isRangeWanted ? parseRange(request.range, sizeBytes) : 'whole'
  if (range === 'unsatisfiable') {
    return {
      status: 416,
      headers: { ...headers, 'content-range': `bytes */${sizeBytes}`, 'content-length': '0' },
      body: null,
    }
  }
  const isPartial = range !== 'whole'
  return {
    status: isPartial ? 206 : 200,
    headers: {
      ...headers,
      'content-length': String(isPartial ? range.end - range.start + 1 : sizeBytes),
      ...(isPartial ? { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` } : {}),
    },
    body: request.method === 'HEAD' ? null : await store.get(request.key, isPartial ? range : undefined),
  }
}
