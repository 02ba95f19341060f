import { sessionList } from '../../../../../shared/schemas/account'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { requireBrowser } from '../../../../services/session-list'

export default defineEndpoint({
  summary: "List one's own signed-in browsers",
  description: 'The one last seen first.',
  permission: 'account.self',
  response: sessionList,
  errors: ['FORBIDDEN'],
  async handler({ brain, principal }) {
    const { userId, sessionId } = requireBrowser(principal)
    return { items: await brain.sessionList.of(userId, sessionId) }
  },
})
