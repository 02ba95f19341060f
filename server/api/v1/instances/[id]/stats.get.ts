import { idParams } from '../../../../../shared/schemas/common'
import { instanceStats } from '../../../../../shared/schemas/usage'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'The last hour of a server',
  description: 'By minutes, and the size of its own files.',
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  response: instanceStats,
  handler: ({ brain, params }) => brain.stats.instance(params.id),
})
