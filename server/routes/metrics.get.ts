import { setResponseHeader } from 'h3'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { defineEndpoint } from '../http/define-endpoint'

export default defineEndpoint({
  summary: 'Figures for Prometheus',
  description:
    'For API tokens alone. `instances=off` leaves out the servers one by one: about a dozen lines for each, too many to ask for every few seconds in a large network.',
  permission: 'metrics.read',
  query: z.strictObject({ instances: z.enum(['on', 'off']).default('on') }),
  response: 'text',
  mediaTypes: ['text/plain; version=0.0.4; charset=utf-8'],
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
