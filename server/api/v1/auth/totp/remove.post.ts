import { totpCodeBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

/** No codes any more at one's own sign-in. */
export default defineEndpoint({
  permission: 'account.self',
  body: totpCodeBody,
  response: noContent,
  status: 204,
  audit: { action: 'auth.totp.remove', subject: 'user' },
  async handler({ brain, principal, body, note }) {
    note({ subjectId: principal.userId ?? undefined })
    await brain.totp.remove(principal, body.code)
  },
})
