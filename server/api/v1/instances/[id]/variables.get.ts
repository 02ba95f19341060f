import { idParams } from '../../../../../shared/schemas/common'
import { effectiveVariables } from '../../../../../shared/schemas/scope-variable'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Variables of a server, with their origins',
  description: 'Whichever scope is nearest wins; secrets are masked.',
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  response: effectiveVariables,
  handler: async ({ brain, params }) => ({ items: await brain.instances.variables(params.id) }),
})
