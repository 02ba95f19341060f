import { defineEventHandler, setResponseHeader, setResponseStatus } from 'h3'
import type { EventHandler, H3Event } from 'h3'
import { AppError } from '../../shared/errors'
import { writeProblem } from './problem'

/**
 * Answers what no endpoint takes: HEAD as the GET of the same address, OPTIONS with what is allowed, another method of a
 * known address with 405, an unknown address with 404.
 *
 * h3's router hands a request here when the best match for its path has no handler for its method; that match, with
 * the methods it does have, is `matchedRoute`.
 */
export function defineUnknownAddress(): EventHandler {
  return defineEventHandler(event => {
    const handlers = event.context.matchedRoute?.handlers ?? {}
    const methods = Object.keys(handlers)
      .filter(method => method !== 'all' && method !== 'head')
      .map(method => method.toUpperCase())
    if (methods.length === 0)
      return writeProblem(
        event,
        new AppError(
          'NOT_FOUND',
          `There is nothing at ${pathOf(event)}. The addresses are listed in /api/v1/openapi.json.`,
        ),
      )
    if (event.method === 'HEAD' && handlers.get) return handlers.get(event) as unknown

    const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
    setResponseHeader(event, 'allow', allowed)
    if (event.method === 'OPTIONS') {
      setResponseStatus(event, 204)
      return null
    }
    return writeProblem(
      event,
      new AppError('METHOD_NOT_ALLOWED', `${pathOf(event)} takes ${allowed}, not ${event.method}.`),
    )
  })
}

function pathOf(event: H3Event): string {
  return event.path.split('?')[0] ?? ''
}
