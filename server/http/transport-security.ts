import type { Settings } from '../brain/settings'
import type { ClientView } from './client-address'

/** Thirty days: long enough to close the gap of a first visit in clear, short enough to turn back. The host's other ports and names are not ours. */
export const TRANSPORT_SECURITY = `max-age=${30 * 24 * 3_600}`

/**
 * Whether browsers are told to come by HTTPS alone from now on. Only where its certificate is one that browsers know: with one of
 * Strata's own authority they would lock people out for good.
 */
export function isWorthRemembering(
  { tls, publicUrl }: Pick<Settings, 'tls' | 'publicUrl'>,
  { isHttps }: Pick<ClientView, 'isHttps'>,
): boolean {
  return isHttps && (tls.source === null ? publicUrl?.protocol === 'https:' : tls.source.kind === 'files')
}
