import { idParams, page, pageQuery } from '../../../../../shared/schemas/common'
import { instanceEvent } from '../../../../../shared/schemas/event'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** What happened to the server, the newest first. */
export default defineEndpoint({
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  query: pageQuery,
  response: page(instanceEvent),
  handler: ({ brain, params, query }) => brain.instances.events(params.id, query),
})
