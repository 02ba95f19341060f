import { userSessionParams } from '../../../../../../shared/schemas/account'
import { defineEndpoint, noContent } from '../../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Sign out one browser of a user',
  permission: 'user.manage',
  params: userSessionParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.end-session' },
  async handler({ brain, params, note }) {
    const { id, username } = await brain.accounts.find(params.id)
    note({ detail: { username } })
    await brain.sessionList.end(id, params.session)
  },
})
