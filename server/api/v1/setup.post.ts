import { meAnswer, setupBody } from '../../../shared/schemas/account'
import { defineEndpoint } from '../../http/define-endpoint'
import { userAgentOf } from '../../http/user-agent'
import { writeSessionCookie } from '../../http/session-cookie'

export default defineEndpoint({
  summary: 'Make the first admin',
  description: 'By the one-time link that the brain printed; the admin is signed in at once.',
  permission: 'public',
  body: setupBody,
  response: meAnswer,
  status: 201,
  audit: { action: 'setup', subject: 'user' },
  errors: ['NOT_FOUND', 'TOO_MANY_REQUESTS', 'CONFLICT', 'NAME_TAKEN'],
  open: brain => brain.accounts.requireSetUpOpen(),
  async handler({ brain, body, event, address, note }) {
    const { user, principal, secret } = await brain.sessions.open(await brain.accounts.setUp({ ...body, address }), {
      address,
      userAgent: userAgentOf(event),
    })
    note({ actor: principal.actor, subjectId: user.id })
    await writeSessionCookie(event, brain, secret)
    return { user, mustAddTotp: principal.mustAddTotp }
  },
})
