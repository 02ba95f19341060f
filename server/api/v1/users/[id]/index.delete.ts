import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Remove a user',
  permission: 'user.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.remove' },
  errors: ['LAST_ADMIN'],
  async handler({ brain, params, note }) {
    const { username, role, grants } = await brain.accounts.remove(params.id)
    note({ detail: { old: { username, role, grants } } })
  },
})
