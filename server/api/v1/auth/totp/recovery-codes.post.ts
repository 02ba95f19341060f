import { recoveryCodesAnswer, totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Make new recovery codes',
  description: 'They replace the old ones, and are in this answer and nowhere else.',
  permission: 'account.self',
  body: totpCodeBody,
  response: recoveryCodesAnswer,
  audit: { action: 'auth.totp.renew', subject: 'user' },
  errors: ['TOTP_WRONG', 'CONFLICT', 'FORBIDDEN', 'TOO_MANY_REQUESTS'],
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return { recoveryCodes: await brain.totp.renewRecoveryCodes(principal, body.code) }
  },
})
