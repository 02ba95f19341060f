import { idParams } from '../../../../../shared/schemas/common'
import { joinInvitation } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { ownUrl } from '../../../../http/own-url'

export default defineEndpoint({
  summary: 'Make a new join token for a node',
  description: 'The token is in this answer and nowhere else.',
  permission: 'node.manage',
  params: idParams,
  response: joinInvitation,
  status: 201,
  audit: { action: 'node.invite' },
  errors: ['CONFLICT', 'BAD_REQUEST'],
  handler: async ({ brain, params, event }) =>
    brain.nodes.invite(params.id, await brain.doors.joinAddress(ownUrl(event))),
})
