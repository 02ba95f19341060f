import type { ZodOpenApiResponseObject } from 'zod-openapi'
import { ERRORS } from '../../shared/errors'
import type { ErrorCode } from '../../shared/errors'

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds after which a new try makes sense, where that is known.',
    schema: { type: 'integer' },
  },
} as const

/** By id: a response is shared in the document when it is the same object. */
const made = new Map<string, ZodOpenApiResponseObject>()

/** A refusal with one of these codes. Routes that refuse alike share one, named by status and codes. */
export function problemResponse(status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject {
  const id = `${status}.${codes.join('.')}`
  const response = made.get(id) ?? describe(id, status, codes)
  made.set(id, response)
  return response
}

function describe(id: string, status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject {
  return {
    id,
    description: codes.map(code => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Problem' }],
          properties: { status: { const: status }, code: { enum: [...codes] } },
        },
      },
    },
    ...((status === 429 || status === 503) && { headers: RETRY_AFTER }),
  }
}
