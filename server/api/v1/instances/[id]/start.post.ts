import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { WISH_REFUSALS } from '../../../../http/refusals'
import { tagRevision } from '../../../../http/revision-tag'

export default defineEndpoint({
  summary: 'Start a server',
  description: 'Wanted running. What runs already is left as it is.',
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  revision: 'told',
  status: 202,
  audit: { action: 'instance.start' },
  errors: [...WISH_REFUSALS],
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.start(principal.actor, params.id)),
})
