import { token } from '../../../../shared/schemas/account'
import { page, pageQuery } from '../../../../shared/schemas/common'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List API tokens',
  description: 'Without their secrets.',
  permission: 'token.manage',
  query: pageQuery,
  response: page(token),
  handler: ({ brain, query }) => brain.tokens.list(query),
})
