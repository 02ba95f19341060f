import { page } from '../../../../shared/schemas/common'
import { operation, operationFilter } from '../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List long work',
  description: 'The newest first, with the progress of what runs.',
  permission: 'operation.read',
  scope: 'any',
  query: operationFilter,
  response: page(operation),
  handler: ({ brain, reach, query }) => brain.operations.list({ ...query, reach }),
})
