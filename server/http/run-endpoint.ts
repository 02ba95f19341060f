import { createHash } from 'node:crypto'
import { getQuery, getRequestHeader, getRouterParams, setResponseHeader, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import { z } from 'zod'
import type { Permission } from '../../shared/domain/permissions'
import { AppError } from '../../shared/errors'
import type { Brain } from '../brain/create-brain'
import type { Principal } from '../ports'
import { forRequest } from '../services/wish-trace'
import { recordAudit } from './audit-trail'
import type { AuditFacts } from './audit-trail'
import { authorise, requireReach } from './authorise'
import { checkOrigin } from './check-origin'
import type { BodyKind, EndpointDefinition, ResponseKind } from './define-endpoint'
import { brainOf, clientOf } from './event-brain'
import { parseInput } from './parse-input'
import { principalFromHeaders } from './principal'
import { toAppError, writeProblem } from './problem'
import { readJsonBody } from './read-body'
import { requestIdOf } from './request-id'
import { bodyStream, drainRequest } from './request-stream'
import { ENDPOINT_POLICY } from './security-headers'
import { keptAnswer, sendAnswer, shapeAnswer } from './send-answer'
import type { Answer } from './send-answer'
import { watchRequest } from './watch-request'

type CompleteDefinition<
  Access extends Permission | 'public',
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends BodyKind,
  Response extends ResponseKind,
> = EndpointDefinition<Access, Params, Query, Body, Response> & { params: Params; query: Query; body: Body }

/** Carries out one request to an endpoint; `defineEndpoint` says in which order. Never throws. */
export async function runEndpoint<
  Access extends Permission | 'public',
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends BodyKind,
  Response extends ResponseKind,
>(event: H3Event, definition: CompleteDefinition<Access, Params, Query, Body, Response>): Promise<unknown> {
  const brain = brainOf(event)
  const request = event.node.req
  const client = clientOf(event)
  const changesSomething = event.method !== 'GET' && event.method !== 'HEAD'
  const audit = definition.audit === 'nothing' ? undefined : definition.audit
  const facts: AuditFacts = {
    action: audit?.action ?? definition.permission,
    subject: { kind: audit?.subject ?? definition.permission.split('.')[0] ?? '', id: null },
    principal: null,
    requestId: requestIdOf(event),
    address: client.address,
    detail: {},
    note: {},
  }

  watchRequest(brain, event, facts)
  setResponseHeader(event, 'content-security-policy', ENDPOINT_POLICY)

  let answer: Answer | undefined
  let failure: AppError | null = null
  try {
    if (!brain.isStarted())
      throw new AppError('UNAVAILABLE', 'The brain is starting or stopping. Try again in a moment.', {
        retryAfterSeconds: 1,
      })
    const principal = await principalFromHeaders(brain, request.headers)
    facts.principal = principal
    if (changesSomething) checkOrigin(request.headers, client.host, brain.settings.publicUrl)
    const reach = authorise(definition, principal)

    const params = parseInput(definition.params, getRouterParams(event, { decode: true }), 'address')
    facts.subject.id = idIn(params)
    const query = parseInput(definition.query, getQuery(event), 'query')
    facts.detail = { ...asRecord(params), ...asRecord(query) }
    if (definition.scope === 'instance') requireReach(reach, facts.subject.id)
    definition.open?.(brain)
    const body =
      definition.body === 'stream'
        ? bodyStream(request)
        : parseInput(definition.body, changesSomething ? ((await readJsonBody(request)) ?? {}) : {}, 'body')
    if (definition.body !== 'stream') facts.detail = { ...facts.detail, ...asRecord(body) }

    let isFirst = false
    answer = await oncePerKey(event, definition, brain, principal, body, async () => {
      isFirst = true
      setResponseStatus(event, definition.status ?? 200)
      // The checks above are what makes these two true; the compiler cannot follow them through the conditional types.
      const context = {
        brain,
        reach,
        params,
        query,
        event,
        requestId: facts.requestId,
        address: client.address,
        principal: principal as never,
        body: body as never,
      }
      const result: unknown = await forRequest(facts.requestId, () =>
        definition.handler({ ...context, note: note => Object.assign(facts.note, note) }),
      )
      facts.subject.id ??= idIn(result)
      return shapeAnswer(event, definition.response, result)
    })
    // Nothing was made this time: the log must not tell of two.
    if (!isFirst) facts.note.detail = { replayed: true }
  } catch (error) {
    failure = toAppError(error, facts.requestId)
  }

  // A GET that names an act does one, such as the way back of a sign-in.
  if ((changesSomething ? definition.audit !== 'nothing' : audit) && brain.isStarted())
    await recordAudit(brain, facts, failure)
  const drained = drainRequest(request, definition.body === 'stream' && facts.principal ? 'patient' : 'bounded')
  // Node cuts such a connection right after the answer, whatever is still on its way.
  if (request.headers.connection?.toLowerCase() === 'close') await drained
  if (failure) logFailure(brain, event, failure)
  if (failure || !answer) return writeProblem(event, failure ?? toAppError(new Error('no answer'), facts.requestId))
  return sendAnswer(event, answer, brain.log)
}

async function oncePerKey(
  event: H3Event,
  definition: { status?: number; body: BodyKind },
  brain: Brain,
  principal: Principal | null,
  body: unknown,
  run: () => Promise<Answer>,
): Promise<Answer> {
  const key = getRequestHeader(event, 'idempotency-key')
  const isCreation = event.method === 'POST' && definition.status === 201 && definition.body !== 'stream'
  if (key === undefined || !isCreation || !principal) return run()
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new AppError('BAD_REQUEST', 'An Idempotency-Key is 1 to 200 printable characters without spaces.')
  const requestHash = createHash('sha256')
    .update(`${event.method} ${event.path}\n${canonical(body)}`)
    .digest('hex')
  const owner = `${principal.actor.kind}:${principal.actor.id ?? ''}`
  return {
    kind: 'kept',
    ...(await brain.idempotency.once({ owner, key, requestHash }, async () => keptAnswer(await run()))),
  }
}

/** One text per value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    const record = asRecord(part)
    return Object.keys(record).length > 0
      ? Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  })
}

const anyRecord = z.record(z.string(), z.unknown())
function asRecord(value: unknown): Record<string, unknown> {
  return anyRecord.safeParse(value).data ?? {}
}

function idIn(value: unknown): string | null {
  const { id } = asRecord(value)
  return typeof id === 'string' ? id : null
}

function logFailure(brain: Brain, event: H3Event, error: AppError): void {
  const facts = {
    requestId: requestIdOf(event),
    method: event.method,
    path: event.path.split('?')[0],
    status: error.status,
    code: error.code,
  }
  if (error.code === 'INTERNAL') brain.log.error({ ...facts, err: error.cause ?? error }, 'A request met a defect')
  else if (error.status >= 500) brain.log.warn({ ...facts, err: error }, error.detail)
  else brain.log.debug(facts, error.detail)
}
