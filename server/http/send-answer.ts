import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { getResponseHeader, getResponseStatus, setResponseHeader, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import { z } from 'zod'
import type { Log } from '../brain/log'
import type { KeptAnswer } from '../services/idempotency-service'
import type { ResponseKind } from './define-endpoint'

/** What is to be sent. `kept`: JSON or nothing (an empty body), whole in memory, so that it can be given again. */
export type Answer =
  | ({ kind: 'kept' } & KeptAnswer)
  | { kind: 'text'; text: string }
  | { kind: 'redirect'; to: string }
  | { kind: 'stream'; stream: Readable }

/** Headers a handler may have set that belong to an answer given again. */
const KEPT_HEADERS = ['etag', 'location'] as const

/** Turns what a handler returned into an answer. A result that its schema does not take is a defect of ours and throws. */
export function shapeAnswer(event: H3Event, response: ResponseKind, result: unknown): Answer {
  if (response === 'text') return { kind: 'text', text: z.string().parse(result) }
  if (response === 'redirect') return { kind: 'redirect', to: z.string().parse(result) }
  if (response === 'stream') return { kind: 'stream', stream: z.instanceof(Readable).parse(result) }
  const value = response.parse(result)
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap(name => {
      const header = getResponseHeader(event, name)
      return header === undefined ? [] : [[name, String(header)]]
    }),
  )
  return {
    kind: 'kept',
    status: getResponseStatus(event),
    headers,
    body: value === undefined ? '' : JSON.stringify(value),
  }
}

/** What can be given again; a creation that streams is a mistake of ours. */
export function keptAnswer(answer: Answer): KeptAnswer {
  if (answer.kind !== 'kept') throw new Error('Only JSON answers can be kept for an Idempotency-Key.')
  return { status: answer.status, headers: answer.headers, body: answer.body }
}

/** The value h3 sends, or undefined once a stream has been sent to its end. */
export async function sendAnswer(event: H3Event, answer: Answer, log: Log): Promise<string | null | undefined> {
  if (getResponseHeader(event, 'cache-control') === undefined) setResponseHeader(event, 'cache-control', 'no-store')
  switch (answer.kind) {
    case 'text':
      if (getResponseHeader(event, 'content-type') === undefined)
        setResponseHeader(event, 'content-type', 'text/plain; charset=utf-8')
      return answer.text
    case 'redirect':
      setResponseStatus(event, 302)
      setResponseHeader(event, 'location', answer.to)
      return ''
    case 'stream':
      await sendBytes(event, answer.stream, log)
      return undefined
    case 'kept':
      setResponseStatus(event, answer.status)
      for (const [name, value] of Object.entries(answer.headers)) setResponseHeader(event, name, value)
      if (answer.body === '') return null
      setResponseHeader(event, 'content-type', 'application/json; charset=utf-8')
      return answer.body
  }
}

/** Ends the source whichever side breaks off. A cut connection is all a client can be told once bytes are out. */
async function sendBytes(event: H3Event, stream: Readable, log: Log): Promise<void> {
  if (event.method === 'HEAD') {
    stream.destroy()
    event.node.res.end()
    return
  }
  try {
    await pipeline(stream, event.node.res)
  } catch (error) {
    log.debug({ err: error, path: event.path.split('?')[0] }, 'A download ended early')
  }
}
