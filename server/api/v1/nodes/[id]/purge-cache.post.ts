import { idParams } from '../../../../../shared/schemas/common'
import { purgeCacheBody } from '../../../../../shared/schemas/node'
import { operation } from '../../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { NODE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'Empty the cache of a node',
  description: 'But for what is in use. The result of the operation says what that freed.',
  permission: 'node.manage',
  params: idParams,
  body: purgeCacheBody,
  response: operation,
  status: 202,
  audit: { action: 'node.purge-cache' },
  errors: ['CONFLICT', ...NODE_REFUSALS],
  handler: ({ brain, principal, params, body }) => brain.nodes.purgeCache(principal, params.id, body),
})
