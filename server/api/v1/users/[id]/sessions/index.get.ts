import { sessionList } from '../../../../../../shared/schemas/account'
import { idParams } from '../../../../../../shared/schemas/common'
import { defineEndpoint } from '../../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List the signed-in browsers of a user',
  description: 'The one last seen first.',
  permission: 'user.manage',
  params: idParams,
  response: sessionList,
  async handler({ brain, principal, params }) {
    const { id } = await brain.accounts.find(params.id)
    return { items: await brain.sessionList.of(id, principal.sessionId) }
  },
})
