import { getRequestHeader, setResponseHeader } from 'h3'
import type { H3Event } from 'h3'
import { AppError } from '../../shared/errors'

/** Sets the revision of what is answered as its `ETag`. */
export function tagRevision<Answer extends { revision: number }>(event: H3Event, answer: Answer): Answer {
  setResponseHeader(event, 'etag', `"${answer.revision}"`)
  return answer
}

/** The revision that `If-Match` names; undefined without one, or for `*`, which any revision matches. BAD_REQUEST. */
export function expectedRevision(event: H3Event): number | undefined {
  const header = getRequestHeader(event, 'if-match')?.trim()
  if (header === undefined || header === '*') return undefined
  const revision = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header)?.[1]
  if (revision !== undefined) return Number(revision)
  throw new AppError('BAD_REQUEST', 'If-Match names one revision, as in the ETag of the answer that was read: "12".')
}
