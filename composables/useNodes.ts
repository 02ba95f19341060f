import { computed, readonly, ref } from 'vue'
import { z } from 'zod'
import { page } from '../shared/schemas/common'
import { instance } from '../shared/schemas/instance'
import type { adoptBody, createNodeBody, patchNodeBody } from '../shared/schemas/node'
import { createNodeAnswer, joinInvitation, node, type Node } from '../shared/schemas/node'
import { POLICY } from '../shared/domain/policy'
import { createLiveCollection } from './live/live-collection'

const answer = page(node)
const collection = createLiveCollection<Node>({ idOf: item => item.id, batchMs: 50 })
const list = computed(() => [...collection.items.value.values()].sort((a, b) => a.name.localeCompare(b.name)))
const status = ref<'idle' | 'loading' | 'ready' | 'failed'>('idle')
const error = ref<unknown>(null)
let listening = false

/** The nodes, live. */
export function useNodes() {
  const api = useApi()
  listen()

  async function load() {
    if (status.value === 'loading') return
    const before = status.value
    status.value = 'loading'
    const requestedAt = Date.now()
    try {
      const seen = new Set<string>()
      let cursor: string | undefined
      do {
        const part = await api('/nodes', { query: { limit: POLICY.lists.maxLimit, cursor }, answer })
        for (const item of part.items) {
          seen.add(item.id)
          collection.put(item, { requestedAt })
        }
        cursor = part.nextCursor ?? undefined
      } while (cursor)
      collection.retain(seen, requestedAt)
      error.value = null
      status.value = 'ready'
    } catch (cause) {
      error.value = cause
      status.value = before === 'ready' ? 'ready' : 'failed'
    }
  }

  async function read(id: string) {
    const requestedAt = Date.now()
    collection.put(await api(`/nodes/${encodeURIComponent(id)}`, { answer: node }), { requestedAt })
  }

  return {
    list,
    byId: collection.items,
    status: readonly(status),
    error: readonly(error),
    load,
    read,
    /** Names a node and gets the command that joins it. */
    async create(body: z.input<typeof createNodeBody>) {
      const requestedAt = Date.now()
      const created = await api('/nodes', { method: 'POST', body, answer: createNodeAnswer })
      collection.put(created.node, { requestedAt })
      return created
    },
    async change(id: string, body: z.input<typeof patchNodeBody>) {
      const requestedAt = Date.now()
      collection.put(await api(`/nodes/${encodeURIComponent(id)}`, { method: 'PATCH', body, answer: node }), {
        requestedAt,
      })
    },
    /** Takes over a server that only the node knows. */
    adopt: (id: string, body: z.input<typeof adoptBody>) =>
      api(`/nodes/${encodeURIComponent(id)}/adopt`, { method: 'POST', body, answer: instance }),
    /** A new command that joins the node's machine. */
    invite: (id: string) =>
      api(`/nodes/${encodeURIComponent(id)}/join-token`, { method: 'POST', answer: joinInvitation }),
    /** Has the agent become the one of this brain. */
    async updateAgent(id: string) {
      const requestedAt = Date.now()
      collection.put(await api(`/nodes/${encodeURIComponent(id)}/update-agent`, { method: 'POST', answer: node }), {
        requestedAt,
      })
    },
    /** Renews its certificate, ends its access, or takes it back. */
    async secure(id: string, what: 'renew' | 'revoke' | 'letIn') {
      const requestedAt = Date.now()
      const path = { renew: 'certificate/renew', revoke: 'revoke', letIn: 'let-in' }[what]
      collection.put(await api(`/nodes/${encodeURIComponent(id)}/${path}`, { method: 'POST', answer: node }), {
        requestedAt,
      })
    },
    async remove(id: string) {
      await api(`/nodes/${encodeURIComponent(id)}`, { method: 'DELETE', answer: z.unknown() })
      collection.remove(id)
    },
  }
}

function listen() {
  if (listening) return
  listening = true
  usePanelSocket().on('node.changed', item => collection.put(item, 'live'))
  usePanelSocket().on('node.removed', item => collection.remove(item.id))
}
