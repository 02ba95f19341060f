import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { WISH_REFUSALS } from '../../../../http/refusals'
import { tagRevision } from '../../../../http/revision-tag'

export default defineEndpoint({
  summary: "Let go of the image's lock",
  description: 'The next start takes what its name means then. What runs goes on.',
  permission: 'instance.write',
  scope: 'instance',
  params: idParams,
  response: instance,
  revision: 'told',
  status: 202,
  audit: { action: 'instance.update-image' },
  errors: [...WISH_REFUSALS],
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.updateImage(principal.actor, params.id)),
})
