import { versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint, noContent } from '../../../../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'template.delete',
  params: versionParams,
  response: noContent,
  status: 204,
  audit: { action: 'template.delete' },
  async handler({ brain, params, note }) {
    const { sha256 } = await brain.templates.remove(params.id, params.version)
    note({ detail: { sha256 } })
  },
})
