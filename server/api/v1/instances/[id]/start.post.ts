import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Wanted running. What runs already is left as it is. */
export default defineEndpoint({
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.start' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.start(principal.actor, params.id)),
})
