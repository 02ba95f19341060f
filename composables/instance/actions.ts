import type { Instance } from '../../shared/schemas/instance'
import { mayHaveProcess } from '../../shared/domain/instance-state'
import type { Permission } from '../../shared/domain/permissions'

export const INSTANCE_ACTIONS = ['start', 'stop', 'restart', 'kill', 'retry', 'destroy'] as const
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number]

export const ACTION_PERMISSION: Record<InstanceAction, Permission> = {
  start: 'instance.operate',
  stop: 'instance.operate',
  restart: 'instance.operate',
  kill: 'instance.operate',
  retry: 'instance.operate',
  destroy: 'instance.destroy',
}

export const ACTION_ICON: Record<InstanceAction, string> = {
  start: 'i-lucide-play',
  stop: 'i-lucide-square',
  restart: 'i-lucide-rotate-cw',
  kill: 'i-lucide-zap',
  retry: 'i-lucide-refresh-ccw',
  destroy: 'i-lucide-trash-2',
}

/** What makes sense now. A wish that is already wanted is not offered again; the state says that it is under way. */
export function isOffered(instance: Pick<Instance, 'state' | 'desired'>, action: InstanceAction): boolean {
  const { state, desired } = instance
  if (desired === 'destroyed' || state === 'DESTROYING' || state === 'DESTROYED') return false
  switch (action) {
    case 'start':
      return desired === 'stopped' && state !== 'FAILED'
    case 'stop':
      return desired === 'running' && state !== 'FAILED'
    case 'restart':
      return desired === 'running' && (state === 'RUNNING' || state === 'STARTING')
    case 'kill':
      return mayHaveProcess(state)
    case 'retry':
      return state === 'FAILED'
    case 'destroy':
      return true
  }
}

/** True while the server is on its way to what is wanted. */
export function isWorking(instance: Pick<Instance, 'state' | 'desired'>): boolean {
  const { state, desired } = instance
  if (state === 'FAILED' || state === 'DESTROYED') return false
  if (desired === 'running') return state !== 'RUNNING'
  if (desired === 'destroyed') return true
  return state !== 'STOPPED' && state !== 'PREPARED'
}
