import { patchUserBody, userDetail } from '../../../../../shared/schemas/account'
import type { UserDetail } from '../../../../../shared/schemas/account'
import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Another role, a new password and disabling sign the user out everywhere; other grants act at once on what is open. */
export default defineEndpoint({
  permission: 'user.manage',
  params: idParams,
  body: patchUserBody,
  response: userDetail,
  audit: { action: 'user.change' },
  async handler({ brain, principal, params, body, note }) {
    const { before, after } = await brain.accounts.change(principal, params.id, body)
    const shown = ({ role, grants, disabledAt }: UserDetail) => ({ role, grants, disabled: disabledAt !== null })
    note({ detail: { username: after.username, old: shown(before), new: shown(after) } })
    return after
  },
})
