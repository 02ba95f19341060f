import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Wanted stopped, without grace: nothing is saved. */
export default defineEndpoint({
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.kill' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.kill(principal.actor, params.id)),
})
