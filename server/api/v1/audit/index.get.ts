import { z } from 'zod'
import { page, pageQuery } from '../../../../shared/schemas/common'
import { auditEntry } from '../../../../shared/schemas/event'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Who did what, the newest first. `actor` and `subject` are ids. */
export default defineEndpoint({
  permission: 'audit.read',
  query: pageQuery.extend({
    action: z.string().max(100).optional(),
    actor: z.string().max(100).optional(),
    subject: z.string().max(100).optional(),
    outcome: auditEntry.shape.outcome.optional(),
  }),
  response: page(auditEntry),
  handler: ({ brain, query }) => brain.audit.list(query),
})
