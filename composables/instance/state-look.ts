import type { InstanceState } from '../../shared/domain/instance-state'
import type { NodeContact } from '../../shared/schemas/node'

export type Tone = 'success' | 'info' | 'neutral' | 'error' | 'warning'

export interface StateLook {
  icon: string
  tone: Tone
  /** Moves while the state lasts; still when reduced motion is asked for. */
  moving: boolean
}

/** Every state has its own icon, so that it is never told by colour alone. */
export const STATE_LOOK: Record<InstanceState, StateLook> = {
  REQUESTED: { icon: 'i-lucide-hourglass', tone: 'info', moving: false },
  PREPARING: { icon: 'i-lucide-loader-circle', tone: 'info', moving: true },
  PREPARED: { icon: 'i-lucide-package-check', tone: 'neutral', moving: false },
  STARTING: { icon: 'i-lucide-loader', tone: 'info', moving: true },
  RUNNING: { icon: 'i-lucide-circle-play', tone: 'success', moving: false },
  STOPPING: { icon: 'i-lucide-loader-pinwheel', tone: 'info', moving: true },
  STOPPED: { icon: 'i-lucide-circle-stop', tone: 'neutral', moving: false },
  FAILED: { icon: 'i-lucide-octagon-x', tone: 'error', moving: false },
  DESTROYING: { icon: 'i-lucide-eraser', tone: 'info', moving: true },
  DESTROYED: { icon: 'i-lucide-archive-x', tone: 'neutral', moving: false },
}

export const CONTACT_LOOK: Record<NodeContact, { icon: string; tone: Tone }> = {
  pending: { icon: 'i-lucide-plug', tone: 'neutral' },
  online: { icon: 'i-lucide-plug-zap', tone: 'success' },
  suspect: { icon: 'i-lucide-radio', tone: 'warning' },
  offline: { icon: 'i-lucide-unplug', tone: 'warning' },
}

/** True when the state on screen is only the last one known. */
export function isOutOfReach(contact: NodeContact | undefined): boolean {
  return contact === 'suspect' || contact === 'offline'
}
