import { createUserBody, userDetail } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Make a user',
  permission: 'user.manage',
  body: createUserBody,
  response: userDetail,
  status: 201,
  audit: { action: 'user.create' },
  errors: ['NAME_TAKEN', 'INSTANCE_UNKNOWN', 'LOCAL_SIGN_IN_OFF'],
  handler: ({ brain, body }) => brain.accounts.create(body),
})
