import { createUserBody, userDetail } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'user.manage',
  body: createUserBody,
  response: userDetail,
  status: 201,
  audit: { action: 'user.create' },
  handler: ({ brain, body }) => brain.accounts.create(body),
})
