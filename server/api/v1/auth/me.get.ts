import { meAnswer } from '../../../../shared/schemas/account'
import { AppError } from '../../../../shared/errors'
import { viewGrants } from '../../../domain/grant-view'
import { defineEndpoint } from '../../../http/define-endpoint'

/** Who asks. For a token: its owner, with the token's own rights. */
export default defineEndpoint({
  permission: 'account.self',
  response: meAnswer,
  async handler({ brain, principal }) {
    if (!principal.userId) throw new AppError('FORBIDDEN', 'This is for people and their tokens.')
    const { id, username } = await brain.accounts.find(principal.userId)
    const { mustAddTotp } = principal
    return { user: { id, username, ...viewGrants(principal.grants) }, mustAddTotp }
  },
})
