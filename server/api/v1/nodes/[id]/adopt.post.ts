import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { adoptBody } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Takes over a server that only the node knows. What runs, runs on. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  body: adoptBody,
  response: instance,
  status: 201,
  audit: { action: 'node.adopt' },
  async handler({ brain, principal, params, body, note }) {
    note({ detail: { instance: body.instanceId } })
    return brain.adopt(principal.actor, params.id, body)
  },
})
