import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Forget a node',
  description: 'What its agent holds stays on that machine.',
  permission: 'node.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'node.remove' },
  errors: ['NODE_IN_USE'],
  async handler({ brain, params, note }) {
    const { name } = await brain.nodes.get(params.id)
    note({ detail: { name } })
    await brain.nodes.remove(params.id)
  },
})
