import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { adoptBody } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'Take over a server that only the node knows',
  description: 'What runs, runs on.',
  permission: 'node.manage',
  params: idParams,
  body: adoptBody,
  response: instance,
  status: 201,
  audit: { action: 'node.adopt' },
  errors: ['CONFLICT', 'NAME_TAKEN', 'UNKNOWN_LAYER', 'PORT_UNAVAILABLE', ...NODE_REFUSALS],
  async handler({ brain, principal, params, body, note }) {
    note({ detail: { instance: body.instanceId } })
    return brain.adopt(principal.actor, params.id, body)
  },
})
