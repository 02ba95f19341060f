import type { Instance } from '../../shared/schemas/instance'
import { waitFor } from './wait-for'

/** An answer of the brain, whatever its status. */
export interface Answer {
  status: number
  headers: Headers
  // The tests look into answers of every shape; what they expect they say in the assertion.
  body: Record<string, unknown> & { items?: Record<string, unknown>[] }
  text: string
}

/** A script's view of the brain: HTTP and nothing else. */
export function apiClient(origin: string, credentials: { cookie?: string; token?: string } = {}) {
  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isBytes = body instanceof Uint8Array
    const response = await fetch(`${origin}${path.startsWith('/api') ? '' : '/api/v1'}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(credentials.cookie ? { cookie: credentials.cookie, origin } : {}),
        ...(credentials.token ? { authorization: `Bearer ${credentials.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, body: isJson && text ? JSON.parse(text) : {} }
  }

  /** Calls and insists on the status; the answer is in the error otherwise. */
  async function expectStatus(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    const answer = await call(method, path, body, headers)
    if (answer.status !== status)
      throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${answer.text}`)
    return answer
  }

  const instance = async (id: string) =>
    (await expectStatus(200, 'GET', `/instances/${id}`)).body as unknown as Instance

  return {
    call,
    expectStatus,
    instance,
    /** Waits until an instance is in a state; tells where it got stuck. */
    async state(id: string, state: Instance['state'], timeoutMs = 60_000): Promise<Instance> {
      let last: Instance | undefined
      return waitFor(
        `${id} to be ${state}`,
        async () => {
          last = await instance(id)
          if (last.state === 'FAILED' && state !== 'FAILED')
            throw new Error(`FAILED: ${JSON.stringify(last.reason)} ${last.lastLines.join('\n')}`)
          if (last.state !== state) throw new Error(`it is ${last.state} ${JSON.stringify(last.reason)}`)
          return last
        },
        timeoutMs,
      )
    },
  }
}
export type ApiClient = ReturnType<typeof apiClient>

/** Signs in with name and password, as a browser would. */
export async function signIn(origin: string, username: string, password: string): Promise<ApiClient> {
  const answer = await apiClient(origin).call('POST', '/auth/login', { username, password }, { origin })
  if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.text}`)
  const cookie = answer.headers
    .getSetCookie()
    .map(line => line.split(';')[0])
    .join('; ')
  return apiClient(origin, { cookie })
}
