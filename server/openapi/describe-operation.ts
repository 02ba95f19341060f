import { z } from 'zod'
import type {
  ZodOpenApiOperationObject,
  ZodOpenApiParameters,
  ZodOpenApiResponseObject,
  ZodOpenApiResponsesObject,
} from 'zod-openapi'
import { noContent } from '../http/define-endpoint'
import type { Endpoint } from '../http/define-endpoint'
import { errorsByStatus, expectedErrors, isIdempotent } from './expected-errors'
import { problemResponse } from './problem-response'
import type { ListedRoute } from './route-list'
import { tagOf } from './tags'

type Definition = Endpoint['endpoint']

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/)
  .optional()
  .meta({
    description: 'The same key with the same request again gets the first answer again, and nothing is made twice.',
  })
const ifMatch = z.string().optional().meta({
  description: 'The `ETag` of the answer that was read; refused with REVISION_CONFLICT when somebody changed it since.',
})
const etag = z.string().meta({ description: 'The revision, for `If-Match`.' })

/** One route as OpenAPI says it. */
export function describeOperation(route: ListedRoute): ZodOpenApiOperationObject {
  const { endpoint, path } = route
  const { permission, summary, body } = endpoint
  const isTokenOnly = permission === 'metrics.read'
  return {
    operationId: operationId(route),
    tags: [tagOf(path)],
    summary,
    description: [endpoint.description, whoMay(endpoint)].filter(Boolean).join('\n\n'),
    security: permission === 'public' ? [] : isTokenOnly ? [{ token: [] }] : [{ token: [] }, { session: [] }],
    requestParams: requestParams(route),
    ...(body !== undefined && { requestBody: requestBody(body) }),
    responses: {
      ...successes(endpoint),
      ...Object.fromEntries(
        errorsByStatus(expectedErrors(route)).map(([status, codes]) => [status, problemResponse(status, codes)]),
      ),
    },
  }
}

/** `POST /api/v1/nodes/:id/join-token` → `postNodesByIdJoinToken`: long, but stable and never twice the same. */
function operationId({ method, path }: ListedRoute): string {
  const words = path
    .replace(/^\/api\/v1/, '')
    .replace(/(?:\*\*)?:(\w+)/g, 'by-$1')
    .split(/[^a-z0-9]+/i)
    .filter(Boolean)
  return [method, ...words.map(word => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}

function whoMay({ permission, scope }: Definition): string {
  if (permission === 'public') return 'Needs no sign-in.'
  if (permission === 'account.self') return 'For everybody who is signed in.'
  const where = {
    instance: ' over this server',
    any: ' over everything or over some servers; the answer tells of those alone',
    everything: ' over everything',
  }[scope ?? 'everything']
  return `Needs the permission \`${permission}\`${where}.`
}

function requestParams(route: ListedRoute): ZodOpenApiParameters {
  const { params, query, revision } = route.endpoint
  const headers = z.object({
    ...(isIdempotent(route) && { 'Idempotency-Key': idempotencyKey }),
    ...(revision === 'checked' && { 'If-Match': ifMatch }),
  })
  return {
    ...(params && { path: asObject(params) }),
    ...(query && { query: asObject(query) }),
    ...(Object.keys(headers.shape).length > 0 && { header: headers }),
  }
}

function asObject(schema: z.ZodType): z.ZodObject {
  if (schema instanceof z.ZodObject) return schema
  throw new Error('Parameters of an address are an object of named ones.')
}

function requestBody(body: NonNullable<Definition['body']>): NonNullable<ZodOpenApiOperationObject['requestBody']> {
  return body === 'stream'
    ? { required: true, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } }
    : { required: !body.safeParse({}).success, content: { 'application/json': { schema: body } } }
}

function successes(endpoint: Definition): ZodOpenApiResponsesObject {
  const { response, status = response === 'redirect' ? 302 : 200, otherwise = {}, revision } = endpoint
  const content = successContent(endpoint)
  const success = {
    description: DONE[status] ?? 'Done',
    ...(content && { content }),
    ...(revision && { headers: z.object({ ETag: etag }) }),
    ...(response === 'redirect' && { headers: z.object({ Location: z.string() }) }),
  }
  const others = Object.entries(otherwise).map(
    ([other, description]) => [other, { description, ...(Number(other) < 300 && content && { content }) }] as const,
  )
  return { [status]: success, ...Object.fromEntries(others) }
}

const DONE: Record<number, string> = {
  201: 'Made',
  202: 'Accepted; it is carried out from now on',
  204: 'Done; nothing to say',
  302: 'It is there',
}

function successContent({ response, mediaTypes }: Definition): ZodOpenApiResponseObject['content'] {
  if (response === 'redirect' || response === noContent) return undefined
  if (response === 'text' || response === 'stream') {
    const types = mediaTypes ?? [response === 'text' ? 'text/plain' : 'application/octet-stream']
    return Object.fromEntries(types.map(type => [type, { schema: bytesAs(type, response) }] as const))
  }
  return { 'application/json': { schema: response } }
}

function bytesAs(type: string, response: 'text' | 'stream') {
  if (type.startsWith('application/json')) return { type: 'object' } as const
  return response === 'text' ? ({ type: 'string' } as const) : ({ type: 'string', format: 'binary' } as const)
}
