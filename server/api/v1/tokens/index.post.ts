import { createTokenAnswer, createTokenBody } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Make an API token',
  description: 'The secret is in this answer and nowhere else.',
  permission: 'token.manage',
  body: createTokenBody,
  response: createTokenAnswer,
  status: 201,
  audit: { action: 'token.create' },
  errors: ['INSTANCE_UNKNOWN'],
  async handler({ brain, principal, body }) {
    const { secret, token } = await brain.tokens.create(principal, body)
    return { id: token.id, token: secret, details: token }
  },
})
