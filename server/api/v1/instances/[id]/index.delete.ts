import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Destroys the server with everything it wrote; its record and events stay. */
export default defineEndpoint({
  permission: 'instance.destroy',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.destroy' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.destroy(principal.actor, params.id)),
})
