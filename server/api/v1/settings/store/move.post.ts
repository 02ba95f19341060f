import { operation } from '../../../../../shared/schemas/operation'
import { moveStoreBody } from '../../../../../shared/schemas/store'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { STORE_REFUSALS } from '../../../../http/refusals'

export default defineEndpoint({
  summary: 'Move every object into the other store',
  description: 'Servers, uploads and downloads go on meanwhile.',
  permission: 'settings.manage',
  body: moveStoreBody,
  response: operation,
  status: 202,
  audit: { action: 'store.move', subject: 'store' },
  errors: ['CONFLICT', ...STORE_REFUSALS],
  handler: ({ brain, principal, body, note }) => {
    note({ subjectId: body.to })
    return brain.stores.move(principal, body.to)
  },
})
