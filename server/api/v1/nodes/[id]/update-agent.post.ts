import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'Update the agent of a node',
  description: 'Answered when the agent has begun; the node shows what comes of it. Servers go on.',
  permission: 'node.manage',
  params: idParams,
  response: node,
  status: 202,
  audit: { action: 'node.update-agent' },
  errors: ['CONFLICT', ...NODE_REFUSALS],
  handler: ({ brain, params }) => brain.nodes.updateAgent(params.id),
})
