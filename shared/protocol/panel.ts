import { z } from 'zod'
import { entityId, timestamp } from '../schemas/common'
import { instanceEvent } from '../schemas/event'
import { instance } from '../schemas/instance'
import { node } from '../schemas/node'
import { operation } from '../schemas/operation'
import { agentToBrain } from './agent'

/** Brain ↔ panel over Socket.IO, namespace `/panel`, signed in by the session cookie (or a token in `auth.token`). */
export const brainToPanel = {
  'instance.changed': instance,
  'instance.event': instanceEvent,
  'node.changed': node,
  'node.removed': z.object({ id: entityId }),
  'template.changed': z.object({ id: z.string() }),
  'operation.changed': operation,
  'console.lines': agentToBrain['instance.console'],
  'stats.sample': agentToBrain['instance.stats'],
  /** Signed out or role changed: reload who you are. */
  'session.ended': z.object({ at: timestamp }),
} as const
export type BrainToPanel = { [Name in keyof typeof brainToPanel]: z.output<(typeof brainToPanel)[Name]> }

export const panelToBrain = {
  /** Stream console and statistics of one instance to this socket. */
  watch: z.strictObject({ instanceId: entityId }),
  unwatch: z.strictObject({ instanceId: entityId }),
} as const
export type PanelToBrain = { [Name in keyof typeof panelToBrain]: z.output<(typeof panelToBrain)[Name]> }
