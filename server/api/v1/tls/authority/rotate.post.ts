import { rotateAuthorityBody, tlsStatus } from '../../../../../shared/schemas/tls'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Make a new authority',
  description: 'Nodes get certificates of it; until all have, the former one is trusted as well.',
  permission: 'node.manage',
  body: rotateAuthorityBody,
  response: tlsStatus,
  audit: { action: 'tls.rotate-authority', subject: 'tls' },
  errors: ['CONFLICT'],
  async handler({ brain, body, note }) {
    await brain.certificates.rotateAuthority({ isFormerForgotten: body.forgetFormer ?? false })
    const status = brain.doors.status(brain.certificates.nodesOf)
    note({ detail: { authority: status.agents.authority?.current.fingerprint } })
    return status
  },
})
