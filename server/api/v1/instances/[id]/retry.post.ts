import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Tries again what failed. */
export default defineEndpoint({
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.retry' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.retry(principal.actor, params.id)),
})
