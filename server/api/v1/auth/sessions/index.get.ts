import { sessionList } from '../../../../../shared/schemas/account'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { requireBrowser } from '../../../../services/session-list'

/** One's own signed-in browsers, the one last seen first. */
export default defineEndpoint({
  permission: 'account.self',
  response: sessionList,
  async handler({ brain, principal }) {
    const { userId, sessionId } = requireBrowser(principal)
    return { items: await brain.sessionList.of(userId, sessionId) }
  },
})
