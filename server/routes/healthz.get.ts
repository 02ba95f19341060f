import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { defineEndpoint } from '../http/define-endpoint'

export default defineEndpoint({
  summary: 'Whether the brain answers',
  description: 'For watchdogs and load balancers: 200 only when the brain has started and its database answers.',
  permission: 'public',
  response: z.object({ status: z.literal('ok') }),
  handler({ brain }) {
    try {
      brain.probe()
    } catch (cause) {
      throw new AppError('UNAVAILABLE', 'The database does not answer.', { cause, retryAfterSeconds: 5 })
    }
    return { status: 'ok' as const }
  },
})
