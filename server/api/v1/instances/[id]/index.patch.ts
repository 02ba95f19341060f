import { idParams } from '../../../../../shared/schemas/common'
import { instance, patchInstanceBody } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { expectedRevision, tagRevision } from '../../../../http/revision-tag'

/** What runs goes on as it is: a change arrives at the next start. */
export default defineEndpoint({
  permission: 'instance.write',
  scope: 'instance',
  params: idParams,
  body: patchInstanceBody,
  response: instance,
  audit: { action: 'instance.change' },
  async handler({ brain, principal, params, body, event, note }) {
    const before = Object.entries(await brain.instances.get(params.id))
    note({ detail: { old: Object.fromEntries(before.filter(([name]) => name in body)) } })
    return tagRevision(event, await brain.instances.patch(principal.actor, params.id, body, expectedRevision(event)))
  },
})
