import type { Permission } from '../../shared/domain/permissions'
import { POLICY } from '../../shared/domain/policy'
import type { BrainToPanel } from '../../shared/protocol/panel'

export type Publish = <Name extends keyof BrainToPanel>(
  name: Name,
  payload: BrainToPanel[Name],
  needs: Permission,
) => void

const BURSTY: ReadonlySet<keyof BrainToPanel> = new Set(['instance.changed', 'node.changed', 'operation.changed'])

/**
 * Thins out bursts of changes of one instance, node or operation: the first goes at once, of those that follow within
 * POLICY.channel.burstMs only the last, when that time is over. The last state always arrives. Everything else passes.
 */
export function coalesce(emit: Publish): Publish {
  /** What waits for its time, by thing; null: sent a moment ago, nothing new since. */
  const held = new Map<string, (() => void) | null>()

  function hold(key: string): void {
    held.set(key, null)
    setTimeout(() => {
      const latest = held.get(key)
      held.delete(key)
      if (!latest) return
      latest()
      hold(key)
    }, POLICY.channel.burstMs).unref()
  }

  return (name, payload, needs) => {
    // A node that is gone must not come back by a change that waited.
    if (name === 'node.removed' && 'id' in payload) held.delete(`node.changed ${payload.id}`)
    const key = BURSTY.has(name) && 'id' in payload ? `${name} ${payload.id}` : null
    if (key === null) return emit(name, payload, needs)
    if (held.has(key)) {
      held.set(key, () => emit(name, payload, needs))
      return
    }
    emit(name, payload, needs)
    hold(key)
  }
}
