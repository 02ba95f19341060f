import { auditFilter } from '../../../../shared/schemas/audit'
import { page } from '../../../../shared/schemas/common'
import { auditEntry } from '../../../../shared/schemas/event'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Who did what',
  description: 'The newest first.',
  permission: 'audit.read',
  query: auditFilter,
  response: page(auditEntry),
  handler: ({ brain, query }) => brain.audit.list(query),
})
