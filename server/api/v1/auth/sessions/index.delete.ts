import { defineEndpoint, noContent } from '../../../../http/define-endpoint'
import { requireBrowser } from '../../../../services/session-list'

/** Signs out everywhere but here. */
export default defineEndpoint({
  permission: 'account.self',
  response: noContent,
  status: 204,
  audit: { action: 'auth.end-other-sessions', subject: 'user' },
  async handler({ brain, principal, note }) {
    const { userId, sessionId } = requireBrowser(principal)
    note({ subjectId: userId, detail: { ended: await brain.sessionList.endAll(userId, sessionId) } })
  },
})
