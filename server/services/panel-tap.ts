import type { BrainToPanel } from '../../shared/protocol/panel'
import type { PanelBus } from '../ports'

/** A panel bus that the brain itself may listen to: what pages are told, it may hear as well. */
export interface PanelTap extends PanelBus {
  /** For the life of the brain. Listeners must not throw. */
  listen<Name extends keyof BrainToPanel>(name: Name, listener: (payload: BrainToPanel[Name]) => void): void
}

export function tapPanelBus(bus: PanelBus): PanelTap {
  const listeners = new Map<keyof BrainToPanel, ((payload: never) => void)[]>()
  return {
    publish(name, payload, needs) {
      bus.publish(name, payload, needs)
      for (const listener of listeners.get(name) ?? []) listener(payload as never)
    },
    endSessions: match => bus.endSessions(match),
    listen(name, listener) {
      listeners.set(name, [...(listeners.get(name) ?? []), listener])
    },
  }
}
