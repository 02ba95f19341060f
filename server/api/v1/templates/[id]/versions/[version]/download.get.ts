import { versionParams } from '../../../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../../../http/define-endpoint'
import { STORE_REFUSALS } from '../../../../../../http/refusals'

export default defineEndpoint({
  summary: 'Download a version',
  description: 'Leads to an address that is good for some minutes.',
  permission: 'template.read',
  params: versionParams,
  response: 'redirect',
  errors: [...STORE_REFUSALS],
  handler: ({ brain, params }) => brain.templates.downloadUrl(params.id, params.version),
})
