import { loginBody, meAnswer } from '../../../../shared/schemas/account'
import { defineEndpoint } from '../../../http/define-endpoint'
import { userAgentOf } from '../../../http/user-agent'
import { writeSessionCookie } from '../../../http/session-cookie'

export default defineEndpoint({
  summary: 'Sign in',
  description:
    'Sets the session cookie. An account with one-time codes is answered with TOTP_NEEDED and a `challenge` for the second step.',
  permission: 'public',
  body: loginBody,
  response: meAnswer,
  audit: { action: 'auth.login', subject: 'user' },
  errors: ['LOGIN_FAILED', 'TOTP_NEEDED', 'ACCOUNT_DISABLED', 'LOCAL_SIGN_IN_OFF', 'TOO_MANY_REQUESTS'],
  async handler({ brain, body, event, address, note }) {
    const { user, principal, secret } = await brain.sessions.login({ ...body, address, userAgent: userAgentOf(event) })
    note({ actor: principal.actor, subjectId: user.id })
    await writeSessionCookie(event, brain, secret)
    return { user, mustAddTotp: principal.mustAddTotp }
  },
})
