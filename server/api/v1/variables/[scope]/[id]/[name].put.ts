import { MASKED } from '../../../../../../shared/schemas/instance'
import {
  putScopeVariableBody,
  scopeVariable,
  scopeVariableParams,
} from '../../../../../../shared/schemas/scope-variable'
import { defineEndpoint } from '../../../../../http/define-endpoint'

export default defineEndpoint({
  summary: 'Set a variable of a scope',
  permission: 'variable.write',
  params: scopeVariableParams,
  body: putScopeVariableBody,
  response: scopeVariable,
  audit: { action: 'variable.set' },
  errors: ['VARIABLE_INVALID'],
  async handler({ brain, principal, params, body, note }) {
    // Whether it is a secret is only known afterwards: the log gets what may be shown, and not the body.
    note({ detail: { value: MASKED } })
    const old = brain.variables.find(params)
    const set = await brain.variables.put(principal.actor, params, body)
    note({ detail: { ...params, old: old?.value ?? null, value: set.value } })
    return set
  },
})
