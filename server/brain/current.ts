import type { Brain } from './create-brain'

let current: Brain | undefined

/** The brain of this process, for code that Nitro loads: plugins and, unless the event names another, endpoints. */
export function useBrain(): Brain {
  if (!current) throw new Error('The brain is not made yet: server/plugins/00.brain.ts comes first.')
  return current
}

export function setBrain(brain: Brain): void {
  current = brain
}
