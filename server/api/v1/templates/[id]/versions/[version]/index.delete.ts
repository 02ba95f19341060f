import { versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint, noContent } from '../../../../../../http/define-endpoint'
import { STORE_REFUSALS } from '../../../../../../http/refusals'

export default defineEndpoint({
  summary: 'Remove a version',
  permission: 'template.delete',
  params: versionParams,
  response: noContent,
  status: 204,
  audit: { action: 'template.delete' },
  errors: ['TEMPLATE_IN_USE', ...STORE_REFUSALS],
  async handler({ brain, params, note }) {
    const { sha256 } = await brain.templates.remove(params.id, params.version)
    note({ detail: { sha256 } })
  },
})
