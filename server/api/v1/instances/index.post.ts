import { setResponseStatus } from 'h3'
import { z } from 'zod'
import {
  createInstanceBody,
  createInstanceQuery,
  instance,
  placementExplanation,
} from '../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../http/define-endpoint'
import { tagRevision } from '../../../http/revision-tag'

/** 201 with the instance; with `dryRun=true` 200 with where it would go and why not elsewhere. */
export default defineEndpoint({
  permission: 'instance.write',
  query: createInstanceQuery,
  body: createInstanceBody,
  response: z.union([instance, placementExplanation]),
  status: 201,
  audit: { action: 'instance.create' },
  async handler({ brain, principal, query, body, event, note }) {
    if (!query.dryRun) return tagRevision(event, await brain.instances.create(principal.actor, body))
    note({ isQuestion: true })
    setResponseStatus(event, 200)
    return brain.instances.explain(body)
  },
})
