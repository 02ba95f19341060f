import { recoveryCodesAnswer, totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** The first code of the app: from now on one is asked for. The recovery codes come once. */
export default defineEndpoint({
  permission: 'account.self',
  body: totpCodeBody,
  response: recoveryCodesAnswer,
  audit: { action: 'auth.totp.confirm', subject: 'user' },
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return { recoveryCodes: await brain.totp.confirm(principal, body.code) }
  },
})
