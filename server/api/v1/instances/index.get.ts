import { page } from '../../../../shared/schemas/common'
import { instance, listInstancesQuery } from '../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List servers',
  description: 'Destroyed ones only with `state=DESTROYED`. `state` takes several, separated by commas.',
  permission: 'instance.read',
  scope: 'any',
  query: listInstancesQuery,
  response: page(instance),
  handler: ({ brain, reach, query: { state, node, q, ...rest } }) =>
    brain.instances.list({ ...rest, reach, states: state, nodeId: node, text: q }),
})
