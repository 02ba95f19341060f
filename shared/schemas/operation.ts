import { z } from 'zod'
import { PERMISSIONS } from '../domain/permissions'
import { entityId, pageQuery, timestamp } from './common'
import { actor } from './event'

/** `running` and `cancelling` hold the lock on the subject; the other three are ends. */
export const operationState = z.enum(['running', 'cancelling', 'done', 'failed', 'cancelled'])
export type OperationState = z.output<typeof operationState>
export const ACTIVE_OPERATION_STATES = ['running', 'cancelling'] as const satisfies OperationState[]

/** How far long work is: in whatever it counts (steps, objects), and in bytes where it moves any. */
export const operationProgress = z.object({
  /** What is being done now, in words. */
  step: z.string(),
  done: z.number(),
  /** null: not known. */
  total: z.number().nullable(),
  bytes: z.object({ done: z.number(), total: z.number().nullable() }).nullable(),
})

/** A long piece of work. One at a time for each subject. */
export const operation = z.object({
  id: entityId,
  /** Such as `node.purge-cache`. */
  kind: z.string(),
  subject: z.object({ kind: z.string(), id: z.string(), name: z.string().nullable() }),
  state: operationState,
  /** Who started it, and who asked it to stop. */
  actor,
  cancelledBy: actor.nullable(),
  /** What somebody must be allowed to do to cancel it: the same as for starting it. */
  needs: z.enum(PERMISSIONS),
  /** What was asked for, beside the subject. Never a secret. */
  input: z.record(z.string(), z.unknown()),
  progress: operationProgress,
  /** What came of it; null until it is done. */
  result: z.record(z.string(), z.unknown()).nullable(),
  /** Why it did not end well, in words. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type Operation = z.output<typeof operation>

export const operationFilter = pageQuery.extend({
  state: operationState.optional(),
  /** Running or cancelling. */
  active: z.stringbool().optional(),
  kind: z.string().max(100).optional(),
  /** Id of the subject, and what it is. */
  subject: z.string().max(100).optional(),
  subjectKind: z.string().max(40).optional(),
})
export type OperationFilter = z.output<typeof operationFilter>
