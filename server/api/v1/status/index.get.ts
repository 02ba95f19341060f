import { status } from '../../../../shared/schemas/status'
import { defineEndpoint } from '../../../http/define-endpoint'

/** How things stand: counts, what needs a person, what happened last. */
export default defineEndpoint({
  permission: 'status.read',
  response: status,
  handler: ({ brain }) => brain.status.get(),
})
