import { recoveryCodesAnswer, totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** New recovery codes in place of the old ones. */
export default defineEndpoint({
  permission: 'account.self',
  body: totpCodeBody,
  response: recoveryCodesAnswer,
  audit: { action: 'auth.totp.renew', subject: 'user' },
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return { recoveryCodes: await brain.totp.renewRecoveryCodes(principal, body.code) }
  },
})
