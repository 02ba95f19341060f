import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createApp, createRouter, setResponseHeaders, toNodeListener } from 'h3'
import type { EventHandler, RouterMethod } from 'h3'
import { createBrain } from '../../server/brain/create-brain'
import type { Brain, BrainParts } from '../../server/brain/create-brain'
import { createLog } from '../../server/brain/log'
import { loadSettings } from '../../server/brain/settings'
import { SECURITY_HEADERS } from '../../server/http/security-headers'
import { createUserStore } from '../../server/db/stores/users'
import { openDatabase } from '../../server/db/client'
import { provideRoutes } from '../../server/openapi/route-list'
import type { Role } from '../../shared/domain/permissions'
import { answerJudge, routesOfFolders } from './api-document'
import { cheapPasswords } from './passwords'
import { findRouteFiles, loadMiddleware } from './route-files'
import { temporaryFolder } from './temporary-folder'

export interface ApiAnswer {
  status: number
  headers: Headers
  /** The parsed JSON, or the text when it is none. */
  body: unknown
}

export interface ApiRequest {
  method?: string
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  raw?: BodyInit
  headers?: Record<string, string>
  /** The value of a `cookie` header. */
  cookie?: string
  /** A bearer token. */
  token?: string
}

export interface ApiServer {
  brain: Brain
  url: URL
  dataDir: string
  request(path: string, request?: ApiRequest): Promise<ApiAnswer>
  /** Signs in; the value for `cookie`. */
  signIn(username: string, password: string): Promise<string>
  /** A user of this role, made on first use, signed in. */
  cookieOf(role: Role): Promise<string>
  /** A user with the role of a helper over these servers alone, made on first use, signed in. They need not exist. */
  helperOf(...instanceIds: string[]): Promise<string>
  /** Stops the brain and the server, and removes the data folder unless it was given. */
  close(): Promise<void>
}

/** A route of a test's own, beside those of the product. */
export interface ExtraRoute {
  path: string
  method: RouterMethod
  handler: EventHandler
}

export const ADMIN = { username: 'admin', password: 'correct-horse-battery' } as const

/**
 * The brain behind a real HTTP server on a free port, with every route and middleware of server/, without a Nuxt build.
 *
 * @param options.env settings beside those that a test always needs; STRATA_DATA_DIR to keep the data folder
 * @param options.start false to leave the brain not started
 */
export async function startApiServer(
  options: {
    env?: Record<string, string | undefined>
    parts?: Partial<BrainParts>
    start?: boolean
    routes?: ExtraRoute[]
  } = {},
): Promise<ApiServer> {
  const temporary = options.env?.STRATA_DATA_DIR ? undefined : await temporaryFolder()
  const settings = loadSettings({
    STRATA_DATA_DIR: temporary?.path,
    STRATA_ADMIN_USER: ADMIN.username,
    STRATA_ADMIN_PASSWORD: ADMIN.password,
    STRATA_LOG_LEVEL: 'error',
    ...options.env,
  })
  const brain = createBrain(settings, {
    passwords: cheapPasswords,
    log: createLog(settings.logLevel),
    ...options.parts,
  })
  const listener = toNodeListener(await createHandlers(brain, options.routes ?? []))
  const server = createServer(listener)
  brain.gateway.attach(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  const url = new URL(`http://127.0.0.1:${address.port}`)
  const open = async () => {
    await brain.doors.open(listener, address)
    if (options.start !== false) await brain.start(url)
  }
  await open().catch(async (error: unknown) => {
    await brain.stop()
    server.close()
    throw error
  })

  const cookies = new Map<string, Promise<string>>()
  const api: ApiServer = {
    brain,
    url,
    dataDir: settings.dataDir,
    request: (path, request = {}) => sendAsDocumented(new URL(path, url), request),
    async signIn(username, password) {
      const answer = await api.request('/api/v1/auth/login', { method: 'POST', json: { username, password } })
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0]
      if (answer.status !== 200 || !cookie)
        throw new Error(`Sign-in of ${username}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return cookie
    },
    cookieOf(role) {
      const known = cookies.get(role) ?? makeCookie(api, role)
      cookies.set(role, known)
      return known
    },
    helperOf(...instanceIds) {
      const name = `helper-${instanceIds.join('-')}`.slice(0, 40)
      const known = cookies.get(name) ?? makeHelper(api, name, instanceIds)
      cookies.set(name, known)
      return known
    },
    async close() {
      await brain.stop()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await temporary?.remove()
    },
  }
  return api
}

async function makeCookie(api: ApiServer, role: Role): Promise<string> {
  if (role === 'admin') return api.signIn(ADMIN.username, ADMIN.password)
  const wanted = { username: `the-${role}`, password: ADMIN.password, role }
  await api.brain.accounts.create(wanted)
  return api.signIn(wanted.username, wanted.password)
}

/** Straight through the store: a grant over a server that does not exist is what no route gives. */
async function makeHelper(api: ApiServer, username: string, instanceIds: string[]): Promise<string> {
  const { id } = await api.brain.accounts.create({ username, password: ADMIN.password, role: 'viewer' })
  const database = openDatabase(join(api.dataDir, 'strata.db'))
  try {
    await createUserStore(database.db).update(
      id,
      { grants: () => instanceIds.map(instance => ({ role: 'helper', scope: { kind: 'instance', id: instance } })) },
      'keep',
    )
  } finally {
    database.close()
  }
  return api.signIn(username, ADMIN.password)
}

async function createHandlers(brain: Brain, routes: ExtraRoute[]) {
  provideRoutes(routesOfFolders)
  const app = createApp({
    onRequest: event => {
      event.context.brain = brain
      setResponseHeaders(event, SECURITY_HEADERS)
    },
  })
  for (const middleware of await loadMiddleware()) app.use(middleware)
  const router = createRouter({ preemptive: true })
  for (const route of await findRouteFiles()) router.use(route.path, await route.load(), route.method)
  for (const { path, method, handler } of routes) router.use(path, handler, method)
  app.use(router)
  return app
}

/** Every answer of every test is held to the document of all routes: a status, a code or a shape that it does not know is a fault. */
async function sendAsDocumented(url: URL, request: ApiRequest): Promise<ApiAnswer> {
  const answer = await send(url, request)
  const judge = await answerJudge()
  const fault = judge({
    method: request.method ?? 'GET',
    path: url.pathname,
    status: answer.status,
    contentType: answer.headers.get('content-type'),
    body: answer.body,
  })
  if (fault !== undefined) throw new Error(fault)
  return answer
}

async function send(url: URL, { method, json, raw, headers, cookie, token }: ApiRequest): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method: method ?? 'GET',
    redirect: 'manual',
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(cookie && { cookie }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(json !== undefined ? { body: JSON.stringify(json) } : raw !== undefined ? { body: raw, duplex: 'half' } : {}),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: asJson(text) }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
