import { AppError } from '../../../shared/errors'
import { defineEndpoint } from '../../http/define-endpoint'

export default defineEndpoint({
  summary: "The certificate of Strata's own authority",
  description: 'Public by its nature. Who joins compares its checksum with the one of the join command.',
  permission: 'public',
  response: 'text',
  errors: ['NOT_FOUND'],
  handler({ brain }) {
    const certificate = brain.doors.authorityCertificate()
    if (!certificate)
      throw new AppError(
        'NOT_FOUND',
        'This brain has no authority of its own: neither STRATA_TLS=own nor STRATA_AGENT_MTLS is set.',
      )
    return certificate
  },
})
