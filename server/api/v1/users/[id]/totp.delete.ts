import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

/** For somebody who lost phone and recovery codes. Signs them out everywhere. */
export default defineEndpoint({
  permission: 'user.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'user.totp.reset', subject: 'user' },
  async handler({ brain, params: { id }, note }) {
    await brain.totp.reset(id)
    const { username } = await brain.accounts.find(id)
    note({ detail: { username } })
  },
})
