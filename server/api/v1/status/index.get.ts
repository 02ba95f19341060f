import { status } from '../../../../shared/schemas/status'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'How things stand',
  description: 'Counts by state, what needs a person now, what happened last.',
  permission: 'status.read',
  scope: 'any',
  response: status,
  handler: ({ brain, reach }) => brain.status.get(reach),
})
