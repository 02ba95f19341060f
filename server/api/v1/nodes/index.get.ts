import { page, pageQuery } from '../../../../shared/schemas/common'
import { node } from '../../../../shared/schemas/node'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List nodes',
  permission: 'node.read',
  query: pageQuery,
  response: page(node),
  handler: ({ brain, query }) => brain.nodes.list(query),
})
