import { idParams } from '../../../../../shared/schemas/common'
import { nodeStats } from '../../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** The last hour of a machine by minutes. */
export default defineEndpoint({
  permission: 'node.read',
  params: idParams,
  response: nodeStats,
  handler: ({ brain, params }) => brain.stats.node(params.id),
})
