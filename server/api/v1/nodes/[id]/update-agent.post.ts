import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Answered when the agent has begun; the node shows what comes of it. Servers go on. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  response: node,
  status: 202,
  audit: { action: 'node.update-agent' },
  handler: ({ brain, params }) => brain.nodes.updateAgent(params.id),
})
