import { idParams } from '../../../../../shared/schemas/common'
import { nodeCache } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'What a node has cached',
  description: 'Asked of its agent.',
  permission: 'node.read',
  params: idParams,
  response: nodeCache,
  errors: [...NODE_REFUSALS],
  handler: ({ brain, params }) => brain.nodes.cache(params.id),
})
