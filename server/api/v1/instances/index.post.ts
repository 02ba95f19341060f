import { setResponseStatus } from 'h3'
import { z } from 'zod'
import {
  createInstanceBody,
  createInstanceQuery,
  instance,
  placementExplanation,
} from '../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../http/define-endpoint'
import { STACK_REFUSALS, STORE_REFUSALS } from '../../../http/refusals'
import { tagRevision } from '../../../http/revision-tag'

export default defineEndpoint({
  summary: 'Create a server',
  description:
    'Also when no node fits yet: the reason says why. With `dryRun=true` nothing is made, and the answer says where it would go and why not elsewhere.',
  permission: 'instance.write',
  query: createInstanceQuery,
  body: createInstanceBody,
  response: z.union([instance, placementExplanation]),
  status: 201,
  otherwise: { 200: 'With `dryRun=true`: where it would go; nothing was made' },
  revision: 'told',
  audit: { action: 'instance.create' },
  errors: ['NAME_TAKEN', 'NODE_UNKNOWN', 'PORT_UNAVAILABLE', ...STACK_REFUSALS, ...STORE_REFUSALS],
  async handler({ brain, principal, query, body, event, note }) {
    if (!query.dryRun) return tagRevision(event, await brain.instances.create(principal.actor, body))
    note({ isQuestion: true })
    setResponseStatus(event, 200)
    return brain.instances.explain(body)
  },
})
