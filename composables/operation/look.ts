import type { Operation, OperationState } from '../../shared/schemas/operation'
import type { StateLook } from '../instance/state-look'

export const OPERATION_LOOK: Record<OperationState, StateLook> = {
  running: { icon: 'i-lucide-loader-circle', tone: 'info', moving: true },
  cancelling: { icon: 'i-lucide-loader-pinwheel', tone: 'warning', moving: true },
  done: { icon: 'i-lucide-check', tone: 'success', moving: false },
  failed: { icon: 'i-lucide-octagon-x', tone: 'error', moving: false },
  cancelled: { icon: 'i-lucide-ban', tone: 'neutral', moving: false },
}

export function isActive({ state }: Pick<Operation, 'state'>): boolean {
  return state === 'running' || state === 'cancelling'
}

/** Share done, 0 to 1, by bytes where they are known, else by count; null while nobody can say. */
export function shareDone({ done, total, bytes }: Operation['progress']): number | null {
  const [part, whole] = bytes?.total ? [bytes.done, bytes.total] : [done, total ?? 0]
  return whole > 0 ? Math.min(1, part / whole) : null
}

/** The page of what the work is about, if it has one. */
export function placeOf({ kind, id }: Operation['subject']): string | undefined {
  return { instance: `/instances/${id}`, node: `/nodes/${id}`, template: `/templates/${id}`, store: '/settings' }[kind]
}
