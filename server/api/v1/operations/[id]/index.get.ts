import { idParams } from '../../../../../shared/schemas/common'
import { operation } from '../../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** One piece of long work, with the progress it has made by now. */
export default defineEndpoint({
  permission: 'operation.read',
  scope: 'any',
  params: idParams,
  response: operation,
  handler: ({ brain, reach, params }) => brain.operations.get(params.id, reach),
})
