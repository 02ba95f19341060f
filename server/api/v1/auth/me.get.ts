import { meAnswer } from '../../../../shared/schemas/account'
import { AppError } from '../../../../shared/errors'
import { viewGrants } from '../../../domain/grant-view'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Who asks',
  description: "For a token: its owner, with the token's own rights.",
  permission: 'account.self',
  response: meAnswer,
  errors: ['FORBIDDEN', 'NOT_FOUND'],
  async handler({ brain, principal }) {
    if (!principal.userId) throw new AppError('FORBIDDEN', 'This is for people and their tokens.')
    const { id, username } = await brain.accounts.find(principal.userId)
    const { mustAddTotp } = principal
    return { user: { id, username, ...viewGrants(principal.grants) }, mustAddTotp }
  },
})
