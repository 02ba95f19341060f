import { tlsStatus } from '../../../../shared/schemas/tls'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'How this brain is reached, and by which certificates',
  permission: 'node.manage',
  response: tlsStatus,
  handler: ({ brain }) => brain.doors.status(brain.certificates.nodesOf),
})
