import { scopeVariables } from '../../../../shared/schemas/scope-variable'
import { defineEndpoint } from '../../../http/define-endpoint'

export default defineEndpoint({
  permission: 'variable.read',
  response: scopeVariables,
  handler: ({ brain }) => ({ items: brain.variables.list() }),
})
