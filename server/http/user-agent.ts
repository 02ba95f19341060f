import { getRequestHeader } from 'h3'
import type { H3Event } from 'h3'

/** What the browser calls itself: a stranger's text, shown and never believed. */
export function userAgentOf(event: H3Event): string | null {
  return getRequestHeader(event, 'user-agent') ?? null
}
