import { computed, ref } from 'vue'
import { isOffered, type InstanceAction } from './instance/actions'
import type { Instance } from '../shared/schemas/instance'

export interface BulkResult {
  id: string
  name: string
  outcome: 'waiting' | 'accepted' | 'skipped' | 'failed'
  error: unknown
}

/** So many wishes are on their way at once: quick for forty, and not a storm for the brain. */
const AT_ONCE = 6

/** One wish for many servers, with a result for each. */
export function useBulkAction() {
  const { act } = useInstanceActions()
  const results = ref<BulkResult[]>([])
  const running = ref(false)

  async function one(instance: Instance, action: InstanceAction, result: BulkResult) {
    if (!isOffered(instance, action)) return void (result.outcome = 'skipped')
    try {
      await act(instance.id, action)
      result.outcome = 'accepted'
    } catch (error) {
      result.outcome = 'failed'
      result.error = error
    }
  }

  async function run(instances: readonly Instance[], action: InstanceAction) {
    results.value = instances.map(({ id, name }) => ({ id, name, outcome: 'waiting', error: null }))
    running.value = true
    const queue = instances.map((instance, at) => ({ instance, at }))
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const result = results.value[next.at]
        if (result) await one(next.instance, action, result)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    running.value = false
  }

  const count = (outcome: BulkResult['outcome']) => results.value.filter(result => result.outcome === outcome).length
  return {
    run,
    results,
    running,
    summary: computed(() => ({
      accepted: count('accepted'),
      skipped: count('skipped'),
      failed: count('failed'),
      waiting: count('waiting'),
    })),
  }
}
