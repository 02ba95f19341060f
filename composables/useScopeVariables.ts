import { useIntervalFn } from '@vueuse/core'
import { z } from 'zod'
import {
  scopeVariable,
  scopeVariables,
  type PutScopeVariable,
  type ScopeVariable,
} from '../shared/schemas/scope-variable'

/** Others change them as well, and no live message says so. */
const AGAIN_MS = 10_000

type Place = Pick<ScopeVariable, 'scope' | 'id' | 'name'>

/** What the network, regions and nodes give their servers; values of secrets only go in. */
export function useScopeVariables() {
  const api = useApi()
  const list = useResource(signal => api('/variables', { answer: scopeVariables, signal }))
  useIntervalFn(() => void list.load(), AGAIN_MS)
  const address = ({ scope, id, name }: Place) => `/variables/${scope}/${encodeURIComponent(id)}/${name}`
  return {
    ...list,
    async put(place: Place, body: PutScopeVariable) {
      await api(address(place), { method: 'PUT', body, answer: scopeVariable })
      await list.load()
    },
    async remove(place: Place) {
      await api(address(place), { method: 'DELETE', answer: z.unknown() })
      await list.load()
    },
  }
}
