import { z } from 'zod'
import { entityId, timestamp } from './common'

/** Who caused something. `system` is the brain itself, `server` the game server, the rest are people and their tools. */
export const actorKind = z.enum(['user', 'token', 'system', 'server', 'schedule', 'group'])
export const actor = z.object({ kind: actorKind, id: z.string().nullable(), name: z.string() })
export type Actor = z.output<typeof actor>

/** Why a state is as it is, in words. `code` is one of `shared/errors.ts` or a reason of its own. */
export const reason = z.object({ code: z.string(), message: z.string(), at: timestamp })
export type Reason = z.output<typeof reason>

/** One thing that happened to an instance; the history on its page. */
export const instanceEvent = z.object({
  id: z.string(),
  instanceId: entityId,
  at: timestamp,
  /** `transition`, `wish` (somebody wanted something), `placed`, `changed`, `crash`, `note`. */
  kind: z.enum(['transition', 'wish', 'placed', 'changed', 'crash', 'note']),
  from: z.string().nullable(),
  to: z.string().nullable(),
  generation: z.int(),
  runId: z.string().nullable(),
  actor,
  /** A short stable word such as `start.requested`, `node.reported`, `exit.crash`. */
  cause: z.string(),
  message: z.string(),
})
export type InstanceEvent = z.output<typeof instanceEvent>

export const auditEntry = z.object({
  id: z.string(),
  at: timestamp,
  actor,
  /** The permission or act, such as `instance.start`, `auth.login`. */
  action: z.string(),
  subject: z.object({ kind: z.string(), id: z.string().nullable() }),
  outcome: z.enum(['done', 'refused', 'failed']),
  requestId: z.string().nullable(),
  address: z.string().nullable(),
  /** Old and new values; secrets masked. */
  detail: z.record(z.string(), z.unknown()),
})
export type AuditEntry = z.output<typeof auditEntry>
