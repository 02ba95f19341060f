import { versionFiles, versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../../../http/define-endpoint'

/** The index: every path of the archive. */
export default defineEndpoint({
  permission: 'template.read',
  params: versionParams,
  response: versionFiles,
  async handler({ brain, params }) {
    const { sha256, entries } = await brain.templates.files(params.id, params.version)
    return { sha256, items: entries }
  },
})
