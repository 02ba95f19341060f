import { onScopeDispose } from 'vue'
import type { BrainToPanel } from '../shared/protocol/panel'

/** Listens to one kind of live message for as long as the calling component lives. */
export function useLive<Name extends keyof BrainToPanel>(
  name: Name,
  handler: (payload: BrainToPanel[Name]) => void,
): void {
  onScopeDispose(usePanelSocket().on(name, handler))
}

/** Reads again after a lost connection came back, for as long as the calling component lives. */
export function useReread(reread: () => void): void {
  onScopeDispose(usePanelSocket().onReconnect(reread))
}
