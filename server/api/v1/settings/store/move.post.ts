import { operation } from '../../../../../shared/schemas/operation'
import { moveStoreBody } from '../../../../../shared/schemas/store'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** Begins to move every object into the other store; servers, uploads and downloads go on meanwhile. */
export default defineEndpoint({
  permission: 'settings.manage',
  body: moveStoreBody,
  response: operation,
  status: 202,
  audit: { action: 'store.move', subject: 'store' },
  handler: ({ brain, principal, body, note }) => {
    note({ subjectId: body.to })
    return brain.stores.move(principal, body.to)
  },
})
