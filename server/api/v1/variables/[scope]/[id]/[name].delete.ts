import { scopeVariableParams } from '../../../../../../shared/schemas/scope-variable'
import { defineEndpoint, noContent } from '../../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Remove a variable of a scope',
  permission: 'variable.write',
  params: scopeVariableParams,
  response: noContent,
  status: 204,
  audit: { action: 'variable.remove' },
  async handler({ brain, principal, params, note }) {
    const removed = await brain.variables.remove(principal.actor, params)
    note({ detail: { ...params, old: removed.value } })
  },
})
