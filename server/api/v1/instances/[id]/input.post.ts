import { idParams } from '../../../../../shared/schemas/common'
import { inputBody, instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** One line for the server's console, delivered at most once. */
export default defineEndpoint({
  permission: 'instance.console.write',
  scope: 'instance',
  params: idParams,
  body: inputBody,
  response: instance,
  status: 202,
  audit: { action: 'instance.input' },
  async handler({ brain, params, body, note }) {
    note({ detail: { line: await brain.instances.hideSecrets(params.id, body.line) } })
    return brain.instances.input(params.id, body.line)
  },
})
