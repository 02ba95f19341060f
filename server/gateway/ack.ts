import { z } from 'zod'
import { AppError, isAppError, type ErrorIssue } from '../../shared/errors'
import type { BrainAck } from '../../shared/protocol/agent'
import type { GatewayLog } from './gateway-log'

/** Socket.IO gives the acknowledgement function as the last argument, if the sender wants an answer. */
export type Respond = (ack: BrainAck) => void

/**
 * Splits what Socket.IO hands over: `[name, payload, acknowledge?]`. The peer chose name and payload: both are unknown here.
 */
export function openEnvelope(event: readonly unknown[]): { name: unknown; payload: unknown; hasMore: boolean; respond: Respond } {
  const [name, ...rest] = event
  const last = rest.at(-1)
  const acknowledge = typeof last === 'function' ? last : null
  const args = acknowledge ? rest.slice(0, -1) : rest
  return { name, payload: args[0], hasMore: args.length > 1, respond: ack => acknowledge?.(ack) }
}

/** Parses a payload; MESSAGE_INVALID names the message and the paths at fault, never the values. */
export function parseMessage<Payload>(name: string, schema: z.ZodType<Payload>, payload: unknown): Payload {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const issues: ErrorIssue[] = parsed.error.issues.slice(0, 20).map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  const first = issues[0]
  const fault = first ? `${first.path ? `at ${first.path}: ` : ''}${first.message}` : 'the shape is not known'
  throw new AppError('MESSAGE_INVALID', `The message ${name} has the wrong shape (${fault}).`, { issues })
}

/** The one way an error becomes an acknowledgement. What is not an AppError is a defect: logged, and told as INTERNAL. */
export function refusalOf(error: unknown, log: GatewayLog, during: string): Extract<BrainAck, { ok: false }> & { code: string } {
  if (isAppError(error)) return { ok: false, code: error.code, message: error.detail }
  log.error({ err: error, during }, 'A message could not be handled because of a defect')
  return { ok: false, code: 'INTERNAL', message: 'Something went wrong inside the brain; its log has the details.' }
}
