import { strongestRole } from '../../../../shared/domain/permissions'
import { meAnswer } from '../../../../shared/schemas/account'
import { AppError } from '../../../../shared/errors'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Who asks. For a token: its owner, with the token's own role. */
export default defineEndpoint({
  permission: 'account.self',
  response: meAnswer,
  async handler({ brain, principal }) {
    if (!principal.userId) throw new AppError('FORBIDDEN', 'This is for people and their tokens.')
    const { id, username } = await brain.accounts.find(principal.userId)
    return { user: { id, username, role: strongestRole(principal.grants) ?? 'viewer' } }
  },
})
