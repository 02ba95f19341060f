import { totpEnrolBody, totpEnrolment } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** A new secret for one's app. Nothing is asked for at the sign-in until a code of it was confirmed. */
export default defineEndpoint({
  permission: 'account.self',
  body: totpEnrolBody,
  response: totpEnrolment,
  audit: { action: 'auth.totp.enrol', subject: 'user' },
  handler({ brain, principal, body, address, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return brain.totp.enrol(principal, { ...body, address })
  },
})
