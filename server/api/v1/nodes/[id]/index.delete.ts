import { idParams } from '../../../../../shared/schemas/common'
import { defineEndpoint, noContent } from '../../../../http/define-endpoint'

/** Forgets the node. What its agent holds stays on that machine. */
export default defineEndpoint({
  permission: 'node.manage',
  params: idParams,
  response: noContent,
  status: 204,
  audit: { action: 'node.remove' },
  async handler({ brain, params, note }) {
    const { name } = await brain.nodes.get(params.id)
    note({ detail: { name } })
    await brain.nodes.remove(params.id)
  },
})
