import { idParams } from '../../../../../shared/schemas/common'
import { nodeStats } from '../../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'The last hour of a node',
  description: 'By minutes.',
  permission: 'node.read',
  params: idParams,
  response: nodeStats,
  handler: ({ brain, params }) => brain.stats.node(params.id),
})
