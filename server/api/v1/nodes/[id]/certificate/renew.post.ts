import { idParams } from '../../../../../../shared/schemas/common'
import { node } from '../../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../../http/refusals'

export default defineEndpoint({
  summary: 'Give a node a new certificate',
  description: 'Now, over its connection.',
  permission: 'node.manage',
  params: idParams,
  response: node,
  audit: { action: 'node.renew-certificate' },
  errors: ['CONFLICT', 'CERTIFICATE_UNKNOWN', ...NODE_REFUSALS],
  async handler({ brain, params }) {
    await brain.certificates.renew(params.id)
    return brain.nodes.get(params.id)
  },
})
