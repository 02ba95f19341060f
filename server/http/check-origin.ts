import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../shared/errors'

/**
 * Refuses a state-changing request that another site made a browser send. Throws ORIGIN_REFUSED.
 *
 * @param host what the client asked for (`host[:port]`)
 */
export function checkOrigin(headers: IncomingHttpHeaders, host: string | undefined, publicUrl: URL | null): void {
  if (isOwnOrigin(headers, host, publicUrl)) return
  const page = headers.origin ?? headers.referer ?? `of another site (${String(headers['sec-fetch-site'])})`
  throw new AppError(
    'ORIGIN_REFUSED',
    `The request came from the page ${page}, and this is ${host ?? 'another address'}. If Strata stands behind a proxy, set STRATA_PUBLIC_URL to the address that browsers use.`,
  )
}

/**
 * True for a request of our own pages, or of no browser at all. Every browser names the page's origin on requests
 * that change something and on sockets, so a foreign one (also `null`) is refused, cookie or not. A request without
 * it comes from no browser of this decade; what other words it has about its page must then agree. A bearer token
 * needs no check: a foreign page cannot have one.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders, host: string | undefined, publicUrl: URL | null): boolean {
  if (headers.authorization !== undefined) return true
  const page = headers.origin ?? headers.referer
  const site = headers['sec-fetch-site']
  return page === undefined
    ? site === undefined || site === 'same-origin' || site === 'none'
    : isOwn(page, host, publicUrl)
}

function isOwn(page: string, host: string | undefined, publicUrl: URL | null): boolean {
  const url = URL.parse(page)
  if (!url) return false
  return url.origin === publicUrl?.origin || (host !== undefined && url.host === hostOf(url.protocol, host))
}

/** The host as URLs write it: lower case, without the port that goes without saying. */
function hostOf(protocol: string, host: string): string | undefined {
  return URL.parse(`${protocol}//${host}`)?.host
}
