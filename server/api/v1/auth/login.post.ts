import { loginBody, meAnswer } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'
import { userAgentOf } from '../../../http/user-agent'
import { writeSessionCookie } from '../../../http/session-cookie'

export default defineEndpoint({
  permission: 'public',
  body: loginBody,
  response: meAnswer,
  audit: { action: 'auth.login', subject: 'user' },
  async handler({ brain, body, event, address, note }) {
    const { user, principal, secret } = await brain.sessions.login({ ...body, address, userAgent: userAgentOf(event) })
    note({ actor: principal.actor, subjectId: user.id })
    await writeSessionCookie(event, brain, secret)
    return { user, mustAddTotp: principal.mustAddTotp }
  },
})
