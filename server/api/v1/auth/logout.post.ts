import { defineEndpoint, noContent } from '../../../http/define-endpoint'
import { clearSessionCookie } from '../../../http/session-cookie'

export default defineEndpoint({
  summary: 'Sign out',
  description: 'Ends the session on the brain too: a copy of the cookie is worth nothing afterwards.',
  permission: 'public',
  response: noContent,
  status: 204,
  audit: { action: 'auth.logout', subject: 'user' },
  async handler({ brain, principal, event, note }) {
    if (principal?.sessionId) await brain.sessions.end(principal.sessionId)
    if (principal?.userId) note({ subjectId: principal.userId })
    clearSessionCookie(event, brain)
  },
})
