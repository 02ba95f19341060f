import { reactive } from 'vue'
import { instance, type Instance } from '../shared/schemas/instance'
import type { InstanceAction } from './instance/actions'

/** What is under way for an instance: from the click until the brain has answered. */
const underWay = reactive(new Map<string, InstanceAction>())

/** Wishes for instances. Nothing is shown as done here: the state comes from the brain's answer and the live messages. */
export function useInstanceActions() {
  const api = useApi()
  const instances = useInstances()

  /** Sends one wish and takes over what the brain answers. Throws ApiError. */
  async function act(id: string, action: InstanceAction): Promise<Instance> {
    const requestedAt = Date.now()
    underWay.set(id, action)
    try {
      const address = `/instances/${encodeURIComponent(id)}`
      const changed =
        action === 'destroy'
          ? await api(address, { method: 'DELETE', answer: instance })
          : await api(`${address}/${action}`, { method: 'POST', answer: instance })
      instances.put(changed, requestedAt)
      return changed
    } finally {
      underWay.delete(id)
    }
  }

  return { act, underWay }
}
