import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Lets go of the image's lock: the next start takes what its name means then. What runs goes on. */
export default defineEndpoint({
  permission: 'instance.write',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.update-image' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.updateImage(principal.actor, params.id)),
})
