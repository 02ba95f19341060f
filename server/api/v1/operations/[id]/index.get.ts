import { idParams } from '../../../../../shared/schemas/common'
import { operation } from '../../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'One piece of long work',
  description: 'With the progress it has made by now.',
  permission: 'operation.read',
  scope: 'any',
  params: idParams,
  response: operation,
  handler: ({ brain, reach, params }) => brain.operations.get(params.id, reach),
})
