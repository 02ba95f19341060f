import { z } from 'zod'
import { defineEndpoint } from '../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Whether the first admin is still to be made',
  permission: 'public',
  response: z.object({ needed: z.boolean() }),
  handler: ({ brain }) => ({ needed: brain.accounts.needsSetup() }),
})
