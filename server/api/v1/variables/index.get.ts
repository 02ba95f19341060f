import { scopeVariables } from '../../../../shared/schemas/scope-variable'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'List the variables of all scopes',
  description: 'Secrets are masked.',
  permission: 'variable.read',
  response: scopeVariables,
  handler: ({ brain }) => ({ items: brain.variables.list() }),
})
