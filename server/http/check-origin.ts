import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../shared/errors'
import type { ClientView } from './client-address'

/**
 * Refuses a state-changing request that another site made a browser send. Every browser names the page's origin on
 * such requests, so a foreign one (also `null`) is refused, cookie or not. A request without it comes from no
 * browser of this decade; what other words it has about its page must then agree. Requests with a bearer token need
 * no check: a foreign page cannot have one. Throws ORIGIN_REFUSED.
 */
export function checkOrigin(headers: IncomingHttpHeaders, client: Pick<ClientView, 'host'>, publicUrl: URL | null): void {
  if (headers.authorization !== undefined) return
  const named = headers.origin ?? headers.referer
  const site = headers['sec-fetch-site']
  const isForeign = named === undefined ? site !== undefined && site !== 'same-origin' && site !== 'none' : !isOwn(named, client.host, publicUrl)
  if (!isForeign) return
  throw new AppError(
    'ORIGIN_REFUSED',
    `The request came from the page ${named ?? `of another site (${site})`}, and this is ${client.host ?? 'another address'}. ` +
      'If Strata stands behind a proxy, set STRATA_PUBLIC_URL to the address that browsers use.',
  )
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
