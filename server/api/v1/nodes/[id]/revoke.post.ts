import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Ends the connection of the node and lets nobody in as it, by secret or certificate. Its servers go on. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  response: node,
  audit: { action: 'node.revoke' },
  async handler({ brain, params }) {
    await brain.certificates.revoke(params.id)
    return brain.nodes.get(params.id)
  },
})
