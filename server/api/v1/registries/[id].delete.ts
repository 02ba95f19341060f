import { idParams } from '../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Forget a sign-in at a registry',
  permission: 'settings.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'registry.remove' },
  async handler({ brain, params, note }) {
    const { registry, node, username } = await brain.registries.remove(params.id)
    note({ detail: { old: { registry, node: node?.name ?? null, username } } })
  },
})
