import { idParams } from '../../../../../shared/schemas/common'
import { operation } from '../../../../../shared/schemas/status'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Asks a running operation to stop; it ends as soon as that is safe. */
export default defineEndpoint({
  permission: 'instance.operate',
  params: idParams,
  response: operation,
  status: 202,
  audit: { action: 'operation.cancel', subject: 'operation' },
  handler: ({ brain, params }) => brain.operations.cancel(params.id),
})
