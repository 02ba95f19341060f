import { totpStatus } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** One's own one-time codes. */
export default defineEndpoint({
  permission: 'account.self',
  response: totpStatus,
  handler: ({ brain, principal }) => brain.totp.status(principal),
})
