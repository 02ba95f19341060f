import { idParams } from '../../../../../shared/schemas/common'
import { node } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'One node',
  permission: 'node.read',
  params: idParams,
  response: node,
  handler: ({ brain, params }) => brain.nodes.get(params.id),
})
