import { idParams } from '../../../../../shared/schemas/common'
import { inputBody, instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: "Send a line to a server's console",
  description: 'Delivered at most once.',
  permission: 'instance.console.write',
  scope: 'instance',
  params: idParams,
  body: inputBody,
  response: instance,
  status: 202,
  audit: { action: 'instance.input' },
  errors: ['INSTANCE_NOT_RUNNING', ...NODE_REFUSALS],
  async handler({ brain, params, body, note }) {
    note({ detail: { line: await brain.instances.hideSecrets(params.id, body.line) } })
    return brain.instances.input(params.id, body.line)
  },
})
