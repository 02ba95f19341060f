import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

/** Stops what runs and starts it anew, with every change that waited. */
export default defineEndpoint({
  permission: 'instance.operate',
  scope: 'instance',
  params: idParams,
  response: instance,
  status: 202,
  audit: { action: 'instance.restart' },
  handler: async ({ brain, principal, params, event }) =>
    tagRevision(event, await brain.instances.restart(principal.actor, params.id)),
})
