import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'
import { requireBrowser } from '../../../../services/session-list'

export default defineEndpoint({
  summary: "Sign out one of one's own browsers",
  permission: 'account.self',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'auth.end-session', subject: 'session' },
  errors: ['FORBIDDEN'],
  async handler({ brain, principal, params }) {
    await brain.sessionList.end(requireBrowser(principal).userId, params.id)
  },
})
