import { idParams, page, eventPageQuery } from '../../../../../shared/schemas/common'
import { instanceEvent } from '../../../../../shared/schemas/event'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'What happened to a server',
  description: 'The newest first.',
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  query: eventPageQuery,
  response: page(instanceEvent),
  handler: ({ brain, params, query }) => brain.instances.events(params.id, query),
})
