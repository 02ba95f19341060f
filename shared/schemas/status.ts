import { z } from 'zod'
import { nodeContact } from './node'
import { instanceState } from './instance'
import { instanceEvent } from './event'
import { entityId, timestamp } from './common'

/** What needs a person now, with the next step. */
export const attention = z.object({
  kind: z.enum(['instance-failed', 'instance-overdue', 'instance-waiting', 'node-offline', 'engine-away']),
  subject: z.object({ kind: z.enum(['instance', 'node']), id: entityId, name: z.string() }),
  message: z.string(),
  at: timestamp,
})
export type Attention = z.output<typeof attention>

export const status = z.object({
  version: z.string(),
  startedAt: timestamp,
  nodes: z.record(nodeContact, z.int()),
  instances: z.record(instanceState, z.int()),
  templates: z.int(),
  attention: z.array(attention),
  /** Running servers over the last hours, oldest first; sampled in memory since the brain started. */
  running: z.array(z.object({ at: timestamp, count: z.int() })),
  recentEvents: z.array(instanceEvent.extend({ instanceName: z.string() })),
})
export type Status = z.output<typeof status>

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  /** Of TOTP_NEEDED: goes with the code to `/auth/login/totp`. */
  challenge: z.string().optional(),
})
export type Problem = z.output<typeof problem>
