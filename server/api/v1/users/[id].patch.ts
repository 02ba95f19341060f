import { patchUserBody, userDetail } from '../../../../shared/schemas/account'
import { idParams } from '../../../../shared/schemas/common'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Role and password. Signs the user out everywhere. */
export default defineEndpoint({
  permission: 'user.manage',
  params: idParams,
  body: patchUserBody,
  response: userDetail,
  audit: { action: 'user.change' },
  async handler({ brain, principal, params, body, note }) {
    const { before, after } = await brain.accounts.change(principal, params.id, body)
    note({ detail: { username: after.username, old: { role: before.role }, new: { role: after.role } } })
    return after
  },
})
