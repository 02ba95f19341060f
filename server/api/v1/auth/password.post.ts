import { changePasswordBody } from '../../../../shared/schemas/account'
import { defineEndpoint, noContent } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: "Change one's own password",
  description: 'Signs out everywhere else.',
  permission: 'account.self',
  body: changePasswordBody,
  response: noContent,
  status: 204,
  audit: { action: 'auth.password', subject: 'user' },
  errors: ['LOGIN_FAILED', 'FORBIDDEN', 'CONFLICT', 'TOO_MANY_REQUESTS', 'LOCAL_SIGN_IN_OFF'],
  async handler({ brain, principal, body, address, note }) {
    note({ subjectId: principal.userId ?? undefined })
    await brain.accounts.changePassword(principal, { ...body, address })
  },
})
