import { templateParams, templateView } from '../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../http/define-endpoint'

/** With every version, the newest first. */
export default defineEndpoint({
  permission: 'template.read',
  params: templateParams,
  response: templateView,
  handler: ({ brain, params }) => brain.templates.get(params.id),
})
