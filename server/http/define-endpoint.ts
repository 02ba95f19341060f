import { defineEventHandler } from 'h3'
import type { EventHandler, H3Event } from 'h3'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { Permission, Reach } from '../../shared/domain/permissions'
import type { ErrorCode } from '../../shared/errors'
import type { Brain } from '../brain/create-brain'
import type { Principal } from '../ports'
import type { AuditNote } from './audit-trail'
import { runEndpoint } from './run-endpoint'

/** An answer without a body; goes with `status: 204`. */
export const noContent = z.void()

/**
 * What an endpoint answers with. A schema: JSON, parsed by it (what it does not name is left out; what does not fit
 * is a defect and becomes 500). `text`: plain text. `stream`: bytes, whose headers the handler sets. `redirect`: an
 * address for a 302.
 */
export type ResponseKind = z.ZodType | 'text' | 'stream' | 'redirect'
/** A schema: JSON. `stream`: the bytes of the request, handed over as they come. */
export type BodyKind = z.ZodType | 'stream'

const noFields = z.strictObject({})
type NoFields = typeof noFields

type HandlerBody<Body extends BodyKind> = Body extends z.ZodType ? z.output<Body> : Readable
type HandlerAnswer<Response extends ResponseKind> = Response extends z.ZodType
  ? z.input<Response>
  : Response extends 'stream'
    ? Readable
    : string

export interface EndpointContext<
  Access extends Permission | 'public',
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends BodyKind,
> {
  brain: Brain
  /** Null only at public endpoints. */
  principal: Access extends 'public' ? Principal | null : Principal
  /** Where the permission holds. Narrower than everything only where the definition says `scope`. */
  reach: Reach
  params: z.output<Params>
  query: z.output<Query>
  body: HandlerBody<Body>
  /** For status and headers of the answer. */
  event: H3Event
  requestId: string
  /** The client's address, as far as trusted proxies know it. */
  address: string
  /** Adds to the audit entry of this request. */
  note(note: AuditNote): void
}

export interface EndpointDefinition<
  Access extends Permission | 'public' = Permission | 'public',
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends BodyKind = BodyKind,
  Response extends ResponseKind = ResponseKind,
> {
  /** For the document of all routes: what a call does, in a few words without a full stop. */
  summary: string
  /** What else somebody who calls it must know; Markdown. */
  description?: string
  /** Who may; `public` needs no sign-in. */
  permission: Access
  /**
   * For whom less than everything is enough. Left out: for nobody. `instance`: the `id` of the address is a server, and
   * the permission must hold over that one; to others it does not exist. `any`: whoever has the permission anywhere is
   * let in, and the handler answers only of what `reach` covers.
   */
  scope?: 'instance' | 'any'
  /** Left out: there are none, and any that come are refused. */
  params?: Params
  query?: Query
  body?: Body
  response: Response
  /** Of success; 200 unless said. A POST that answers 201 takes an `Idempotency-Key`. */
  status?: number
  /** Other statuses that are no errors, and what each means. */
  otherwise?: Readonly<Record<number, string>>
  /** Of answers that are no JSON, where it is not plain text or bytes of any kind. */
  mediaTypes?: readonly string[]
  /** `told`: the answer carries the revision as its `ETag`. `checked`: and the request may ask for it with `If-Match`. */
  revision?: 'told' | 'checked'
  /** Refusals beyond those that follow from this definition by itself (`server/openapi/expected-errors.ts`). Tests hold answers to it. */
  errors?: readonly ErrorCode[]
  /**
   * How the audit log calls it. Left out: the permission; the subject is its first word and the `id` of the address.
   * `nothing`: a POST that only asks, and changes nothing.
   */
  audit?: { action: string; subject?: string } | 'nothing'
  /** Throws while the address is closed to everybody; asked before the body is judged. */
  open?(brain: Brain): void
  handler(
    context: EndpointContext<Access, Params, Query, Body>,
  ): HandlerAnswer<Response> | Promise<HandlerAnswer<Response>>
}

export interface Endpoint extends EventHandler {
  /** Read by the document of all routes and by the test of who may do what. */
  endpoint: Omit<EndpointDefinition, 'handler' | 'open'>
}

/**
 * The only way to define a route. In this order it: gives the request an id, waits for nobody (503 until the brain has
 * started), finds out who asks, refuses other sites (Origin), asks the grants, parses params, query and body, calls the
 * handler, shapes the answer, writes the audit entry of everything that changes something, and turns whatever was thrown
 * into a problem document.
 */
export function defineEndpoint<
  Access extends Permission | 'public',
  Response extends ResponseKind,
  Params extends z.ZodType = NoFields,
  Query extends z.ZodType = NoFields,
  Body extends BodyKind = NoFields,
>(definition: EndpointDefinition<Access, Params, Query, Body, Response>): Endpoint {
  const handler = defineEventHandler(event =>
    runEndpoint(event, {
      ...definition,
      params: definition.params ?? noFields,
      query: definition.query ?? noFields,
      body: definition.body ?? noFields,
    }),
  )
  return Object.assign(handler, { endpoint: definition })
}

export function isEndpoint(handler: EventHandler): handler is Endpoint {
  return 'endpoint' in handler
}
