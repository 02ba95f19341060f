import { versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../../../http/define-endpoint'

/** The archive as it was published: 302 to an address that is good for some minutes. */
export default defineEndpoint({
  permission: 'template.read',
  params: versionParams,
  response: 'redirect',
  handler: ({ brain, params }) => brain.templates.downloadUrl(params.id, params.version),
})
