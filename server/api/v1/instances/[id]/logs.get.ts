import { idParams } from '../../../../../shared/schemas/common'
import { logsQuery } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'The last lines of one run',
  description: 'The newest run unless `run` names another. Asked of the node.',
  permission: 'instance.console.read',
  scope: 'instance',
  params: idParams,
  query: logsQuery,
  response: 'text',
  errors: [...NODE_REFUSALS],
  handler: ({ brain, params, query }) => brain.instances.logs(params.id, query),
})
