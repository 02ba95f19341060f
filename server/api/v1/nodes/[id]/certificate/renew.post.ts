import { idParams } from '../../../../../../shared/schemas/common'
import { node } from '../../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../../http/define-endpoint'

/** Gives the node a new certificate now, over its connection. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  response: node,
  audit: { action: 'node.renew-certificate' },
  async handler({ brain, params }) {
    await brain.certificates.renew(params.id)
    return brain.nodes.get(params.id)
  },
})
