import { idParams } from '../../../../../shared/schemas/common'
import { logsQuery } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** The last lines of one run as plain text, the newest run unless said; asked of the node. */
export default defineEndpoint({
  permission: 'instance.console.read',
  scope: 'instance',
  params: idParams,
  query: logsQuery,
  response: 'text',
  handler: ({ brain, params, query }) => brain.instances.logs(params.id, query),
})
