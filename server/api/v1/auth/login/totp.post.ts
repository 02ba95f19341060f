import { meAnswer } from '../../../../../shared/schemas/account'
import { loginTotpBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { writeSessionCookie } from '../../../../http/session-cookie'
import { userAgentOf } from '../../../../http/user-agent'

export default defineEndpoint({
  summary: 'Second step of a sign-in',
  description: 'The `challenge` that came with TOTP_NEEDED, and a code of the app or a recovery code.',
  permission: 'public',
  body: loginTotpBody,
  response: meAnswer,
  audit: { action: 'auth.login', subject: 'user' },
  errors: ['TOTP_WRONG', 'LOGIN_FAILED', 'ACCOUNT_DISABLED', 'LOCAL_SIGN_IN_OFF', 'TOO_MANY_REQUESTS'],
  async handler({ brain, body, event, address, note }) {
    const { user, principal, secret, by } = await brain.sessions.loginWithCode({
      ...body,
      address,
      userAgent: userAgentOf(event),
    })
    note({ actor: principal.actor, subjectId: user.id, detail: { by } })
    await writeSessionCookie(event, brain, secret)
    return { user, mustAddTotp: principal.mustAddTotp }
  },
})
