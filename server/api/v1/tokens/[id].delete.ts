import { idParams } from '../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Revoke an API token',
  permission: 'token.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'token.remove' },
  async handler({ brain, params, note }) {
    const { name, role, grants } = await brain.tokens.remove(params.id)
    note({ detail: { old: { name, role, grants } } })
  },
})
