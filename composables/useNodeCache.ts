import { toValue, type MaybeRefOrGetter } from 'vue'
import { z } from 'zod'
import { nodeCache, type NodeCache } from '../shared/schemas/node'
import { operation } from '../shared/schemas/operation'

const purged = operation.extend({ result: z.object({ freedBytes: z.number() }) })

/**
 * What a node has cached, asked of the node itself; and the way to empty it. Undefined while the node cannot answer.
 */
export function useNodeCache(id: MaybeRefOrGetter<string>, canAnswer: () => boolean) {
  const api = useApi()
  const address = () => `/nodes/${encodeURIComponent(toValue(id))}`
  const resource = useResource<NodeCache | undefined>(
    async signal => (canAnswer() ? api(`${address()}/cache`, { answer: nodeCache, signal }) : undefined),
    { when: () => toValue(id) },
  )
  return {
    ...resource,
    /** Empties everything that no server uses; resolves, when it is done, to the bytes that this freed. */
    async purge(): Promise<number> {
      const { result } = await api(`${address()}/purge-cache`, { method: 'POST', body: {}, answer: purged })
      await resource.load()
      return result.freedBytes
    },
  }
}
