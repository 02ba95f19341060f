import { patchUserBody, userDetail } from '../../../../../shared/schemas/account'
import type { UserDetail } from '../../../../../shared/schemas/account'
import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Change a user',
  description:
    'Another role, a new password and disabling sign the user out everywhere; other grants act at once on what is open.',
  permission: 'user.manage',
  params: idParams,
  body: patchUserBody,
  response: userDetail,
  audit: { action: 'user.change' },
  errors: ['LAST_ADMIN', 'CONFLICT', 'INSTANCE_UNKNOWN'],
  async handler({ brain, principal, params, body, note }) {
    const { before, after } = await brain.accounts.change(principal, params.id, body)
    const shown = ({ role, grants, disabledAt }: UserDetail) => ({ role, grants, disabled: disabledAt !== null })
    note({ detail: { username: after.username, old: shown(before), new: shown(after) } })
    return after
  },
})
