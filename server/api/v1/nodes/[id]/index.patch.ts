import { idParams } from '../../../../../shared/schemas/common'
import { node, patchNodeBody } from '../../../../../shared/schemas/node'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Change a node',
  permission: 'node.manage',
  params: idParams,
  body: patchNodeBody,
  response: node,
  audit: { action: 'node.change' },
  errors: ['NAME_TAKEN'],
  async handler({ brain, params, body, note }) {
    const { name, region, tags, labels, devMode, schedulable, overrides } = await brain.nodes.get(params.id)
    note({ detail: { old: { name, region, tags, labels, devMode, schedulable, ...overrides } } })
    return brain.nodes.patch(params.id, body)
  },
})
