import { idParams } from '../../../../../shared/schemas/common'
import { joinInvitation } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { ownUrl } from '../../../../http/own-url'

/** The join token is in this answer and nowhere else. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  response: joinInvitation,
  status: 201,
  audit: { action: 'node.invite' },
  handler: async ({ brain, params, event }) =>
    brain.nodes.invite(params.id, await brain.doors.joinAddress(ownUrl(event))),
})
