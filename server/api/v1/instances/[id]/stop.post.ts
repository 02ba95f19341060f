import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Wanted stopped, with the server's own grace. */
export default defineEndpoint({
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.stop' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.stop(principal.actor, params.id)),
})
