import { page } from '../../../../shared/schemas/common'
import { instance, listInstancesQuery } from '../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'instance.read',
  query: listInstancesQuery,
  response: page(instance),
  handler: ({ brain, query: { state, node, q, ...rest } }) =>
    brain.instances.list({ ...rest, states: state, nodeId: node, text: q }),
})
