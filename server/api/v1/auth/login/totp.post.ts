import { meAnswer } from '../../../../../shared/schemas/account'
import { loginTotpBody } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { writeSessionCookie } from '../../../../http/session-cookie'
import { userAgentOf } from '../../../../http/user-agent'

/** The second step of a sign-in: the challenge that came with TOTP_NEEDED, and a code. */
export default defineEndpoint({
  permission: 'public',
  body: loginTotpBody,
  response: meAnswer,
  audit: { action: 'auth.login', subject: 'user' },
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
