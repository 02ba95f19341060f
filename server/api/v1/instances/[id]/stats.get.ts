import { idParams } from '../../../../../shared/schemas/common'
import { instanceStats } from '../../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** The last hour of a server by minutes, and the size of its own files. */
export default defineEndpoint({
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  response: instanceStats,
  handler: ({ brain, params }) => brain.stats.instance(params.id),
})
