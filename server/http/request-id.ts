import { randomUUID } from 'node:crypto'
import { getRequestHeader, setResponseHeader } from 'h3'
import type { H3Event } from 'h3'

declare module 'h3' {
  interface H3EventContext {
    requestId?: string
  }
}

/** The id of a request, the caller's own if it is a harmless word, also in the answer's `x-request-id`. */
export function requestIdOf(event: H3Event): string {
  const known = event.context.requestId
  if (known) return known
  const given = getRequestHeader(event, 'x-request-id')
  const id = given && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID()
  event.context.requestId = id
  setResponseHeader(event, 'x-request-id', id)
  return id
}
