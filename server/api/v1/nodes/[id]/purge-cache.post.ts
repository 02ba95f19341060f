import { idParams } from '../../../../../shared/schemas/common'
import { purgeCacheBody } from '../../../../../shared/schemas/node'
import { operation } from '../../../../../shared/schemas/status'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Empties what is not in use. The result of the operation says what that freed. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  body: purgeCacheBody,
  response: operation,
  status: 202,
  audit: { action: 'node.purge-cache' },
  handler: ({ brain, params, body }) => brain.nodes.purgeCache(params.id, body),
})
