import { recoveryCodesAnswer, totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Switch one-time codes on',
  description: 'With the first code of the app. The recovery codes are in this answer and nowhere else.',
  permission: 'account.self',
  body: totpCodeBody,
  response: recoveryCodesAnswer,
  audit: { action: 'auth.totp.confirm', subject: 'user' },
  errors: ['TOTP_WRONG', 'CONFLICT', 'FORBIDDEN', 'TOO_MANY_REQUESTS'],
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return { recoveryCodes: await brain.totp.confirm(principal, body.code) }
  },
})
