import { setResponseHeader } from 'h3'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { defineEndpoint } from '../http/define-endpoint'

/**
 * For Prometheus, with an API token. `?instances=off` leaves out the servers one by one: about a dozen lines for each, too many to ask
 * for every few seconds in a large network.
 */
export default defineEndpoint({
  permission: 'metrics.read',
  query: z.strictObject({ instances: z.enum(['on', 'off']).default('on') }),
  response: 'text',
  async handler({ brain, principal, query, event }) {
    if (principal.actor.kind !== 'token')
      throw new AppError(
        'FORBIDDEN',
        'Metrics are read with an API token: make one with the role viewer, and send it as "Authorization: Bearer strata_…".',
      )
    setResponseHeader(event, 'content-type', 'text/plain; version=0.0.4; charset=utf-8')
    return brain.scrape({ withInstances: query.instances === 'on' })
  },
})
