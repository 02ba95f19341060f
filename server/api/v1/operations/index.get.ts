import { page, pageQuery } from '../../../../shared/schemas/common'
import { operation } from '../../../../shared/schemas/status'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Long work, the newest first. */
export default defineEndpoint({
  permission: 'operation.read',
  query: pageQuery.extend({ state: operation.shape.state.optional() }),
  response: page(operation),
  handler: ({ brain, query }) => brain.operations.list(query),
})
