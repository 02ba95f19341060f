import { templateParams, templateView } from '../../../../../shared/schemas/template'
import { defineEndpoint } from '../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'One template',
  description: 'With every version, the newest first.',
  permission: 'template.read',
  params: templateParams,
  response: templateView,
  handler: ({ brain, params }) => brain.templates.get(params.id),
})
