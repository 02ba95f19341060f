import { z } from 'zod'
import { defineEndpoint } from '../../http/define-endpoint'

/** Whether the first admin is still to be made. */
export default defineEndpoint({
  permission: 'public',
  response: z.object({ needed: z.boolean() }),
  handler: ({ brain }) => ({ needed: brain.accounts.needsSetup() }),
})
