import type { z } from 'zod'
import { AppError, ERRORS } from '../../shared/errors'
import type { ErrorCode } from '../../shared/errors'
import type { AgentAck } from '../../shared/protocol/agent'

/** The data of an agent's acknowledgement; its refusal becomes an error with its own code, where that is one of ours. */
export function answerOf<Data>(ack: AgentAck, schema: z.ZodType<Data>, who: string): Data {
  if (!ack.ok) throw new AppError(isErrorCode(ack.code) ? ack.code : 'CONFLICT', `${who} refused: ${ack.message}`)
  const parsed = schema.safeParse(ack.data)
  if (!parsed.success)
    throw new AppError('UNAVAILABLE', `${who} answered in a shape that this brain does not know. Update its agent.`, {
      cause: parsed.error,
    })
  return parsed.data
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}
