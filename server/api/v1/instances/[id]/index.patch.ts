import { idParams } from '../../../../../shared/schemas/common'
import { instance, patchInstanceBody } from '../../../../../shared/schemas/instance'
import { defineEndpoint } from '../../../../http/define-endpoint'
import { STACK_REFUSALS, STORE_REFUSALS, WISH_REFUSALS } from '../../../../http/refusals'
import { expectedRevision, tagRevision } from '../../../../http/revision-tag'

export default defineEndpoint({
  summary: 'Change a server',
  description: 'What is left out stays. What runs goes on as it is: a change arrives at the next start.',
  permission: 'instance.write',
  scope: 'instance',
  params: idParams,
  body: patchInstanceBody,
  response: instance,
  revision: 'checked',
  audit: { action: 'instance.change' },
  errors: ['NAME_TAKEN', 'PORT_UNAVAILABLE', ...WISH_REFUSALS, ...STACK_REFUSALS, ...STORE_REFUSALS],
  async handler({ brain, principal, params, body, event, note }) {
    const before = Object.entries(await brain.instances.get(params.id))
    note({ detail: { old: Object.fromEntries(before.filter(([name]) => name in body)) } })
    return tagRevision(event, await brain.instances.patch(principal.actor, params.id, body, expectedRevision(event)))
  },
})
