import { tlsStatus } from '../../../../shared/schemas/tls'
import { defineEndpoint } from '../../../http/define-endpoint'

/** How this brain is reached, and by which certificates. */
export default defineEndpoint({
  permission: 'node.manage',
  response: tlsStatus,
  handler: ({ brain }) => brain.doors.status(brain.certificates.nodesOf),
})
