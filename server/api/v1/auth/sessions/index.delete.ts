import { defineEndpoint, noContent } from '../../../../http/define-endpoint'
import { requireBrowser } from '../../../../services/session-list'

export default defineEndpoint({
  summary: 'Sign out everywhere but here',
  permission: 'account.self',
  response: noContent,
  status: 204,
  audit: { action: 'auth.end-other-sessions', subject: 'user' },
  errors: ['FORBIDDEN'],
  async handler({ brain, principal, note }) {
    const { userId, sessionId } = requireBrowser(principal)
    note({ subjectId: userId, detail: { ended: await brain.sessionList.endAll(userId, sessionId) } })
  },
})
