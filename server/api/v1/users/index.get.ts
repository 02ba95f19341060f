import { userDetail } from '../../../../shared/schemas/account'
import { page, pageQuery } from '../../../../shared/schemas/common'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List users',
  permission: 'user.manage',
  query: pageQuery,
  response: page(userDetail),
  handler: ({ brain, query }) => brain.accounts.list(query),
})
