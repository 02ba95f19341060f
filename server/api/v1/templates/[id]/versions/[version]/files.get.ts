import { versionFiles, versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../../../http/define-endpoint'
import { STORE_REFUSALS } from '../../../../../../http/refusals'

export default defineEndpoint({
  summary: 'Every path of a version',
  permission: 'template.read',
  params: versionParams,
  response: versionFiles,
  errors: ['ARCHIVE_CORRUPT', ...STORE_REFUSALS],
  async handler({ brain, params }) {
    const { sha256, entries } = await brain.templates.files(params.id, params.version)
    return { sha256, items: entries }
  },
})
