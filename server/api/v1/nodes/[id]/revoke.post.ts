import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: "Revoke a node's access",
  description: 'Ends its connection and lets nobody in as it, by secret or certificate. Its servers go on.',
  permission: 'node.manage',
  params: idParams,
  response: node,
  audit: { action: 'node.revoke' },
  errors: ['CONFLICT'],
  async handler({ brain, params }) {
    await brain.certificates.revoke(params.id)
    return brain.nodes.get(params.id)
  },
})
