import { idParams } from '../../../../../shared/schemas/common'
import { instance } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { tagRevision } from '../../../../http/revision-tag'

export default defineEndpoint({
  summary: 'One server',
  permission: 'instance.read',
  scope: 'instance',
  params: idParams,
  response: instance,
  revision: 'told',
  handler: async ({ brain, params, event }) => tagRevision(event, await brain.instances.get(params.id)),
})
