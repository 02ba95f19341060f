import { page, pageQuery } from '../../../../shared/schemas/common'
import { templateSummary } from '../../../../shared/schemas/template'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'template.read',
  query: pageQuery,
  response: page(templateSummary),
  handler: ({ brain, query }) => brain.templates.list(query),
})
