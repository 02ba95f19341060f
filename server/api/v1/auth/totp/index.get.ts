import { totpStatus } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: "One's own one-time codes",
  permission: 'account.self',
  response: totpStatus,
  errors: ['FORBIDDEN'],
  handler: ({ brain, principal }) => brain.totp.status(principal),
})
