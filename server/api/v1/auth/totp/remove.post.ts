import { totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Switch one-time codes off',
  permission: 'account.self',
  body: totpCodeBody,
  response: noContent,
  status: 204,
  audit: { action: 'auth.totp.remove', subject: 'user' },
  errors: ['TOTP_WRONG', 'CONFLICT', 'FORBIDDEN', 'TOO_MANY_REQUESTS'],
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    await brain.totp.remove(principal, body.code)
  },
})
