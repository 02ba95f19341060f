import { page, templatePageQuery } from '../../../../shared/schemas/common'
import { templateSummary } from '../../../../shared/schemas/template'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List templates',
  permission: 'template.read',
  query: templatePageQuery,
  response: page(templateSummary),
  handler: ({ brain, query }) => brain.templates.list(query),
})
