import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { WISH_REFUSALS } from '../../../../http/refusals'
import { tagRevision } from '../../../../http/revision-tag'

export default defineEndpoint({
  summary: 'Restart a server',
  description: 'Stops what runs and starts it anew, with every change that waited.',
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  revision: 'told',
  status: 202,
  audit: { action: 'instance.restart' },
  errors: [...WISH_REFUSALS],
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.restart(principal.actor, params.id)),
})
