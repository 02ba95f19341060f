import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Switch the one-time codes of a user off',
  description: 'For somebody who lost phone and recovery codes. Signs them out everywhere.',
  permission: 'user.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.totp.reset', subject: 'user' },
  errors: ['CONFLICT'],
  async handler({ brain, params: { id }, note }) {
    await brain.totp.reset(id)
    const { username } = await brain.accounts.find(id)
    note({ detail: { username } })
  },
})
