import { idParams } from '../../../../../shared/schemas/common'
import { purgeCacheBody } from '../../../../../shared/schemas/node'
import { operation } from '../../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Empties what is not in use. The result of the operation says what that freed. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  body: purgeCacheBody,
  response: operation,
  status: 202,
  audit: { action: 'node.purge-cache' },
  handler: ({ brain, principal, params, body }) => brain.nodes.purgeCache(principal, params.id, body),
})
