import type { z } from 'zod'
import { AppError, isAppError, type ErrorIssue } from '../../shared/errors'
import type { BrainAck } from '../../shared/protocol/agent'
import type { GatewayLog } from './gateway-log'

/** Socket.IO gives the acknowledgement function as the last argument, if the sender wants an answer. */
export type Respond = (ack: BrainAck) => void

/**
 * Splits what Socket.IO hands over: `[name, payload, acknowledge?]`. The peer chose name and payload: both are unknown here.
 */
export function openEnvelope(event: readonly unknown[]): {
  name: unknown
  payload: unknown
  hasMore: boolean
  respond: Respond
} {
  const [name, ...rest] = event
  const last = rest.at(-1)
  const respond = isRespond(last) ? last : undefined
  const args = respond ? rest.slice(0, -1) : rest
  return { name, payload: args[0], hasMore: args.length > 1, respond: respond ?? ignore }
}

function isRespond(value: unknown): value is Respond {
  return typeof value === 'function'
}

function ignore(): void {
  // The peer asked for no answer.
}

/** Parses a payload; MESSAGE_INVALID names the message and the paths at fault, never the values. */
export function parseMessage<Payload>(name: string, schema: z.ZodType<Payload>, payload: unknown): Payload {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const issues: ErrorIssue[] = parsed.error.issues
    .slice(0, 20)
    .map(issue => ({ path: issue.path.join('.'), message: issue.message }))
  const first = issues[0]
  const fault = first ? `${first.path ? `at ${first.path}: ` : ''}${first.message}` : 'the shape is not known'
  // Keys that are too many are named, and the peer chose them.
  throw new AppError('MESSAGE_INVALID', `The message ${name} has the wrong shape (${fault.slice(0, 300)}).`, { issues })
}

/** The one way an error becomes an acknowledgement. What is not an AppError is a defect: logged, and told as INTERNAL. */
export function refusalOf(error: unknown, log: GatewayLog, during: string): Extract<BrainAck, { ok: false }> {
  if (isAppError(error)) return { ok: false, code: error.code, message: error.detail }
  log.error({ err: error, during }, 'A message could not be handled because of a defect')
  return { ok: false, code: 'INTERNAL', message: 'Something went wrong inside the brain; its log has the details.' }
}

/** What Socket.IO sends to a peer whose handshake is refused: it arrives as `connect_error`, with `data`. */
export function connectError({ code, message }: { code: string; message: string }): Error {
  return Object.assign(new Error(message), { data: { code, message } })
}
