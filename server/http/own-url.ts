import type { H3Event } from 'h3'
import { AppError } from '../../shared/errors'
import { brainOf, clientOf } from './event-brain'

/** Where others reach this brain: the public address, else the one that this request came to. */
export function ownUrl(event: H3Event): URL {
  const { publicUrl } = brainOf(event).settings
  if (publicUrl) return publicUrl
  const { host, isHttps } = clientOf(event)
  const url = URL.parse(`${isHttps ? 'https' : 'http'}://${host ?? ''}`)
  if (!url)
    throw new AppError(
      'BAD_REQUEST',
      'The request has no Host header, so the brain cannot tell how nodes reach it. Set STRATA_PUBLIC_URL.',
    )
  return url
}
