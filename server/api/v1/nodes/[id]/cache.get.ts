import { idParams } from '../../../../../shared/schemas/common'
import { nodeCache } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** What the node has cached now; asked of its agent. */
export default defineEndpoint({
  permission: 'node.read',
  params: idParams,
  response: nodeCache,
  handler: ({ brain, params }) => brain.nodes.cache(params.id),
})
