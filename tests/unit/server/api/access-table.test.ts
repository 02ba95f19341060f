import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everywhere, grantsAllow, PERMISSIONS } from '../../../../shared/domain/permissions'
import type { Grant, Permission } from '../../../../shared/domain/permissions'
import type { Endpoint } from '../../../../server/http/define-endpoint'
import { startApiServer } from '../../../support/api-server'
import type { ApiServer } from '../../../support/api-server'
import { findRouteFiles } from '../../../support/route-files'

/**
 * Every route and who may. `in`: let in (whatever it then answers). `401`: sign in first. `403`: not with this role.
 * A new route without a line here fails; so does a line without a route.
 */
const VIEWERS = ['401', 'in', 'in', 'in', '403'] as const
const OPERATORS = ['401', '403', 'in', 'in', '403'] as const
const ADMINS = ['401', '403', '403', 'in', '403'] as const
const EVERYBODY = ['in', 'in', 'in', 'in', 'in'] as const
/** The same, and a helper who has one server: of that one, and of nothing else (scoped-access.test.ts). */
const VIEWERS_AND_HELPER = ['401', 'in', 'in', 'in', 'in'] as const
const OPERATORS_AND_HELPER = ['401', '403', 'in', 'in', 'in'] as const
const ROLES_ASKED = ['anonymous', 'viewer', 'operator', 'admin', 'helper'] as const
type Outcome = 'in' | '401' | '403'

const TABLE: Record<string, readonly [Outcome, Outcome, Outcome, Outcome, Outcome]> = {
  'GET /healthz': EVERYBODY,
  // Of these only with a token.
  'GET /metrics': VIEWERS,
  // Whoever holds a signed address; the signature is the sign-in.
  'GET /objects/**:key': EVERYBODY,
  'HEAD /objects/**:key': EVERYBODY,
  'GET /agent/authority.pem': EVERYBODY,
  'GET /agent/join.sh': EVERYBODY,
  'GET /agent/strata-agent.mjs': EVERYBODY,
  'GET /agent/strata-agent.mjs.sha256': EVERYBODY,

  'GET /api/v1/openapi.json': EVERYBODY,
  'GET /api/v1/setup': EVERYBODY,
  'POST /api/v1/setup': EVERYBODY,
  'POST /api/v1/auth/login': EVERYBODY,
  'POST /api/v1/auth/logout': EVERYBODY,
  'POST /api/v1/auth/login/totp': EVERYBODY,
  'GET /api/v1/auth/ways': EVERYBODY,
  // Browsers on their way to the issuer and back; the sealed note of the browser is what counts.
  'GET /api/v1/auth/oidc/start': EVERYBODY,
  'GET /api/v1/auth/oidc/callback': EVERYBODY,
  'GET /api/v1/auth/totp': VIEWERS_AND_HELPER,
  'POST /api/v1/auth/totp/enrol': VIEWERS_AND_HELPER,
  'POST /api/v1/auth/totp/confirm': VIEWERS_AND_HELPER,
  'POST /api/v1/auth/totp/recovery-codes': VIEWERS_AND_HELPER,
  'POST /api/v1/auth/totp/remove': VIEWERS_AND_HELPER,
  'DELETE /api/v1/users/:id/totp': ADMINS,
  'GET /api/v1/auth/me': VIEWERS_AND_HELPER,
  'POST /api/v1/auth/password': VIEWERS_AND_HELPER,
  'GET /api/v1/auth/sessions': VIEWERS_AND_HELPER,
  'DELETE /api/v1/auth/sessions': VIEWERS_AND_HELPER,
  'DELETE /api/v1/auth/sessions/:id': VIEWERS_AND_HELPER,
  'GET /api/v1/users': ADMINS,
  'POST /api/v1/users': ADMINS,
  'PATCH /api/v1/users/:id': ADMINS,
  'DELETE /api/v1/users/:id': ADMINS,
  'GET /api/v1/users/:id/sessions': ADMINS,
  'DELETE /api/v1/users/:id/sessions': ADMINS,
  'DELETE /api/v1/users/:id/sessions/:session': ADMINS,
  'GET /api/v1/tokens': ADMINS,
  'POST /api/v1/tokens': ADMINS,
  'DELETE /api/v1/tokens/:id': ADMINS,
  'GET /api/v1/audit': ADMINS,
  'GET /api/v1/audit/export': ADMINS,

  'GET /api/v1/settings': ADMINS,
  'POST /api/v1/settings/store/test': ADMINS,
  'POST /api/v1/settings/store/move': ADMINS,
  'GET /api/v1/registries': ADMINS,
  'POST /api/v1/registries': ADMINS,
  'DELETE /api/v1/registries/:id': ADMINS,

  'GET /api/v1/status': VIEWERS_AND_HELPER,
  'GET /api/v1/operations': VIEWERS_AND_HELPER,
  'GET /api/v1/operations/:id': VIEWERS_AND_HELPER,
  'POST /api/v1/operations/:id/cancel': OPERATORS_AND_HELPER,

  'GET /api/v1/nodes': VIEWERS,
  'POST /api/v1/nodes': ADMINS,
  'GET /api/v1/nodes/:id': VIEWERS,
  'PATCH /api/v1/nodes/:id': ADMINS,
  'DELETE /api/v1/nodes/:id': ADMINS,
  'POST /api/v1/nodes/:id/adopt': ADMINS,
  'POST /api/v1/nodes/:id/certificate/renew': ADMINS,
  'POST /api/v1/nodes/:id/revoke': ADMINS,
  'POST /api/v1/nodes/:id/let-in': ADMINS,
  'GET /api/v1/tls': ADMINS,
  'POST /api/v1/tls/authority/rotate': ADMINS,
  'GET /api/v1/nodes/:id/cache': VIEWERS,
  'GET /api/v1/nodes/:id/stats': VIEWERS,
  'POST /api/v1/nodes/:id/join-token': ADMINS,
  'POST /api/v1/nodes/:id/update-agent': ADMINS,
  'POST /api/v1/nodes/:id/purge-cache': ADMINS,

  'GET /api/v1/templates': VIEWERS,
  'GET /api/v1/templates/:id': VIEWERS,
  'PUT /api/v1/templates/:id/versions/:version': OPERATORS,
  'DELETE /api/v1/templates/:id/versions/:version': OPERATORS,
  'GET /api/v1/templates/:id/versions/:version/files': VIEWERS,
  'GET /api/v1/templates/:id/versions/:version/download': VIEWERS,
  'POST /api/v1/stacks/preview': VIEWERS,

  'GET /api/v1/instances': VIEWERS_AND_HELPER,
  'POST /api/v1/instances': OPERATORS,
  'GET /api/v1/instances/:id': VIEWERS_AND_HELPER,
  'PATCH /api/v1/instances/:id': OPERATORS,
  'DELETE /api/v1/instances/:id': OPERATORS,
  'POST /api/v1/instances/:id/start': OPERATORS_AND_HELPER,
  'POST /api/v1/instances/:id/stop': OPERATORS_AND_HELPER,
  'POST /api/v1/instances/:id/restart': OPERATORS_AND_HELPER,
  'POST /api/v1/instances/:id/kill': OPERATORS_AND_HELPER,
  'POST /api/v1/instances/:id/retry': OPERATORS_AND_HELPER,
  'POST /api/v1/instances/:id/update-image': OPERATORS,
  'POST /api/v1/instances/:id/input': OPERATORS_AND_HELPER,
  'GET /api/v1/instances/:id/logs': VIEWERS_AND_HELPER,
  'GET /api/v1/instances/:id/events': VIEWERS_AND_HELPER,
  'GET /api/v1/instances/:id/stats': VIEWERS_AND_HELPER,
  'GET /api/v1/instances/:id/variables': VIEWERS_AND_HELPER,
  'GET /api/v1/variables': VIEWERS,
  'PUT /api/v1/variables/:scope/:id/:name': OPERATORS,
  'DELETE /api/v1/variables/:scope/:id/:name': OPERATORS,
  'GET /api/v1/stats/instances': VIEWERS_AND_HELPER,
}

/** The server the helper has: it stands for every `:id` that is asked about. */
const HELPED = 'nobody'

/** Files that answer for no address of their own. */
const NOT_ENDPOINTS = ['api/[...].ts', 'routes/agent/[...].ts']

const routes = await Promise.all(
  (await findRouteFiles())
    .filter(route => !NOT_ENDPOINTS.includes(route.file))
    .map(async route => {
      const handler = await route.load()
      return {
        ...route,
        name: `${(route.method ?? 'any').toUpperCase()} ${route.path}`,
        endpoint: 'endpoint' in handler ? (handler as Endpoint).endpoint : undefined,
      }
    }),
)

it('names every route, and no route that does not exist', () => {
  expect(routes.map(route => route.name).sort()).toEqual(Object.keys(TABLE).sort())
})

it('is of endpoints alone: each has its method in its name and was made by defineEndpoint', () => {
  expect(routes.filter(route => !route.endpoint || !route.method).map(route => route.file)).toEqual([])
})

it('names an act for the audit log wherever something changes', () => {
  const silent = routes.filter(route => route.method !== 'get' && route.method !== 'head' && !route.endpoint?.audit)
  expect(silent.map(route => route.name)).toEqual([])
})

describe('who is let in', () => {
  let api: ApiServer
  beforeAll(async () => {
    api = await startApiServer()
  })
  afterAll(() => api.close())

  function cookieOf(role: (typeof ROLES_ASKED)[number]): Promise<string> | undefined {
    if (role === 'anonymous') return undefined
    return role === 'helper' ? api.helperOf(HELPED) : api.cookieOf(role)
  }

  it.each(routes.map(route => [route.name, route] as const))('%s', async (name, route) => {
    const expected = TABLE[name]
    const outcomes: Outcome[] = []
    for (const role of ROLES_ASKED) {
      const cookie = await cookieOf(role)
      // A query nobody knows: whoever is let in gets no further, and nothing happens.
      const path = route.path.replace(':id', 'nobody').replace(':version', '1')
      const answer = await api.request(`${path}?access-table=1`, { method: route.method?.toUpperCase(), cookie })
      // A HEAD has no body to say it in.
      const { code } = route.method === 'head' ? { code: 'VALIDATION_FAILED' } : (answer.body as { code?: string })
      if (answer.status !== 401 && answer.status !== 403)
        expect({ status: answer.status, code }, `${name} for ${role}`).toEqual({
          status: 400,
          code: 'VALIDATION_FAILED',
        })
      outcomes.push(answer.status === 401 || answer.status === 403 ? `${answer.status}` : 'in')
    }
    expect(outcomes).toEqual(expected)
  })

  it.each(routes.map(route => [route.name, route] as const))(
    '%s asks for the permission that its role table says',
    (name, route) => {
      const permission = route.endpoint?.permission
      const scope = route.endpoint?.scope
      const [, ...expected] = TABLE[name] ?? []
      const allowed = (grants: Grant[], isNarrow: boolean) => {
        if (!isPermission(permission)) return 'in'
        return grantsAllow(grants, permission, isNarrow && scope ? HELPED : undefined) ? 'in' : '403'
      }
      expect([
        ...(['viewer', 'operator', 'admin'] as const).map(role => allowed(everywhere(role), false)),
        allowed([{ role: 'helper', scope: { kind: 'instance', id: HELPED } }], true),
      ]).toEqual(expected)
    },
  )
})

function isPermission(permission: string | undefined): permission is Permission {
  return PERMISSIONS.some(known => known === permission)
}
