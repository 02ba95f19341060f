import { status } from '../../../../shared/schemas/status'
import { defineEndpoint } from '../../../http/define-endpoint'

/** How things stand: counts, what needs a person, what happened last. */
export default defineEndpoint({
  permission: 'status.read',
  scope: 'any',
  response: status,
  handler: ({ brain, reach }) => brain.status.get(reach),
})
