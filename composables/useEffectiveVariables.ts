import { useIntervalFn } from '@vueuse/core'
import { toValue, type MaybeRefOrGetter } from 'vue'
import type { Instance } from '../shared/schemas/instance'
import { effectiveVariables } from '../shared/schemas/scope-variable'

/** Variables of farther places change without a word of the server's own. */
const AGAIN_MS = 15_000

/** Every variable of a server as its next start fills it in; read again with each change of the server. */
export function useEffectiveVariables(instance: MaybeRefOrGetter<Pick<Instance, 'id' | 'generation' | 'state'>>) {
  const api = useApi()
  const list = useResource(
    signal =>
      api(`/instances/${encodeURIComponent(toValue(instance).id)}/variables`, { answer: effectiveVariables, signal }),
    {
      when: () => {
        const { id, generation, state } = toValue(instance)
        return `${id} ${generation} ${state}`
      },
    },
  )
  useIntervalFn(() => void list.load(), AGAIN_MS)
  return list
}
