import { totpEnrolBody, totpEnrolment } from '../../../../../shared/schemas/sign-in'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Begin to set up one-time codes',
  description: 'Answers a new secret for an app. Nothing is asked for at the sign-in until a code of it was confirmed.',
  permission: 'account.self',
  body: totpEnrolBody,
  response: totpEnrolment,
  audit: { action: 'auth.totp.enrol', subject: 'user' },
  errors: ['LOGIN_FAILED', 'CONFLICT', 'FORBIDDEN', 'TOO_MANY_REQUESTS'],
  handler({ brain, principal, body, address, note }) {
    note({ subjectId: principal.userId ?? undefined })
    return brain.totp.enrol(principal, { ...body, address })
  },
})
