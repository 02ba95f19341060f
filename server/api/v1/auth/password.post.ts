import { changePasswordBody } from '../../../../shared/schemas/account'
import { defineEndpoint, noContent } from '../../../http/define-endpoint'

/** One's own password. Signs out everywhere else. */
export default defineEndpoint({
  permission: 'account.self',
  body: changePasswordBody,
  response: noContent,
  status: 204,
  audit: { action: 'auth.password', subject: 'user' },
  async handler({ brain, principal, body, address, note }) {
    note({ subjectId: principal.userId ?? undefined })
    await brain.accounts.changePassword(principal, { ...body, address })
  },
})
