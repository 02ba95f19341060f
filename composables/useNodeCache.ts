import { toValue, type MaybeRefOrGetter } from 'vue'
import { z } from 'zod'
import { nodeCache } from '../shared/schemas/node'

/** What a node has cached, asked of the node itself; and the way to empty it. */
export function useNodeCache(id: MaybeRefOrGetter<string>) {
  const api = useApi()
  const address = () => `/nodes/${encodeURIComponent(toValue(id))}`
  const resource = useResource(signal => api(`${address()}/cache`, { answer: nodeCache, signal }), { when: () => toValue(id) })
  return {
    ...resource,
    /** Empties everything that no server uses. */
    async purge() {
      await api(`${address()}/purge-cache`, { method: 'POST', body: {}, answer: z.unknown() })
      await resource.load()
    },
  }
}
