import type { H3Event } from 'h3'
import type { Brain } from '../brain/create-brain'
import { useBrain } from '../brain/current'
import type { ClientView } from './client-address'

declare module 'h3' {
  interface H3EventContext {
    /** Set where several brains live in one process, as in tests. */
    brain?: Brain
  }
}

export function brainOf(event: H3Event): Brain {
  return event.context.brain ?? useBrain()
}

export function clientOf(event: H3Event): ClientView {
  return brainOf(event).viewClient(event.node.req)
}
