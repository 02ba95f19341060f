import { createTokenAnswer, createTokenBody } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'token.manage',
  body: createTokenBody,
  response: createTokenAnswer,
  status: 201,
  audit: { action: 'token.create' },
  async handler({ brain, principal, body }) {
    const { secret, token } = await brain.tokens.create(principal, body)
    return { id: token.id, token: secret, details: token }
  },
})
