import { idParams } from '../../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Sign a user out everywhere',
  permission: 'user.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.end-sessions' },
  async handler({ brain, params, note }) {
    const { id, username } = await brain.accounts.find(params.id)
    note({ detail: { username, ended: await brain.sessionList.endAll(id, null) } })
  },
})
