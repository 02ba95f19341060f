import { idParams } from '../../../../../shared/schemas/common'
import { operation } from '../../../../../shared/schemas/operation'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Cancel long work',
  description: 'Asks it to stop; it ends as soon as that is safe. Needs what starting it needed.',
  permission: 'operation.cancel',
  scope: 'any',
  params: idParams,
  response: operation,
  status: 202,
  audit: { action: 'operation.cancel', subject: 'operation' },
  errors: ['CONFLICT'],
  handler: ({ brain, principal, params }) => brain.operations.cancel(principal, params.id),
})
