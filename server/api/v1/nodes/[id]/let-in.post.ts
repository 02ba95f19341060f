import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Let a node in again',
  description:
    'For one whose access was revoked, or that lost its certificate: it comes once with its secret alone, for a new one.',
  permission: 'node.manage',
  params: idParams,
  response: node,
  audit: { action: 'node.let-in' },
  errors: ['CONFLICT'],
  async handler({ brain, params }) {
    await brain.certificates.letIn(params.id)
    return brain.nodes.get(params.id)
  },
})
