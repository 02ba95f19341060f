import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'user.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.remove' },
  async handler({ brain, params, note }) {
    const { username, role, grants } = await brain.accounts.remove(params.id)
    note({ detail: { old: { username, role, grants } } })
  },
})
