import type { z } from 'zod'
import { problem } from '../../shared/schemas/status'
import { ApiError } from './api-error'
import { learnBrainTime } from './brain-clock'

export interface RequestOptions<Answer extends z.ZodType> {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
  answer: Answer
  signal?: AbortSignal
}

export const API_BASE = '/api/v1'

/** Address of an API call; what is undefined or empty in the query is left out. */
export function apiAddress(path: string, query: RequestOptions<z.ZodType>['query'] = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return `${API_BASE}${path}${text ? `?${text}` : ''}`
}

/**
 * One call of the API. Throws ApiError for everything but an aborted request, which throws the abort itself.
 * The answer is parsed: what reaches a page has the shape that its schema says.
 */
export async function request<Answer extends z.ZodType>(
  path: string,
  options: RequestOptions<Answer>,
): Promise<z.output<Answer>> {
  const response = await send(path, options)
  learnBrainTime(response.headers.get('date'))
  if (!response.ok) throw await errorOfAnswer(response)
  const body = await bodyOf(response)
  const parsed = options.answer.safeParse(body)
  if (!parsed.success) throw new ApiError('unexpected', { status: response.status, cause: parsed.error })
  return parsed.data
}

async function send(path: string, options: RequestOptions<z.ZodType>): Promise<Response> {
  const hasBody = options.body !== undefined
  try {
    return await fetch(apiAddress(path, options.query), {
      method: options.method ?? 'GET',
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...options.headers,
      },
      body: hasBody ? JSON.stringify(options.body) : null,
      signal: options.signal ?? null,
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new ApiError('unreachable', { cause })
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  const type = response.headers.get('content-type') ?? ''
  try {
    return type.includes('json') ? await response.json() : await response.text()
  } catch (cause) {
    throw new ApiError('unreachable', { status: response.status, cause })
  }
}

async function errorOfAnswer(response: Response): Promise<ApiError> {
  return apiErrorFrom(response.status, await response.text(), response.headers.get('retry-after'))
}

/** The error that a status and a body stand for; a body that is no problem document becomes `unexpected`. */
export function apiErrorFrom(status: number, body: string, retryAfter: string | null): ApiError {
  const seconds = Number(retryAfter)
  const retryAfterSeconds = retryAfter && Number.isFinite(seconds) ? seconds : undefined
  const parsed = problem.safeParse(jsonOrText(body))
  if (!parsed.success)
    return new ApiError(status >= 502 && status <= 504 ? 'unreachable' : 'unexpected', { status, retryAfterSeconds })
  return new ApiError('problem', { problem: parsed.data, retryAfterSeconds })
}

function jsonOrText(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
