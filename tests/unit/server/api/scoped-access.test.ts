import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../../server/http/define-endpoint'
import { NARROW_ROLES } from '../../../../shared/domain/permissions'
import type { Instance } from '../../../../shared/schemas/instance'
import type { Operation } from '../../../../shared/schemas/operation'
import type { Status } from '../../../../shared/schemas/status'
import { startFleetApi } from '../../../support/fleet-api'
import type { FleetApi } from '../../../support/fleet-api'
import { findRouteFiles } from '../../../support/route-files'

/**
 * Somebody who has server A asks every route about server B: the answer must be the very one that is given about a
 * server that never existed, and no list may name B or anything of it.
 */
const PASSWORD = 'a-good-long-password'
const NOBODY = 'nobody-at-all-00000000000'
const BODIES: Record<string, unknown> = {
  'POST /api/v1/instances/:id/input': { line: 'help' },
  'PATCH /api/v1/instances/:id': { description: 'mine' },
}

let api: FleetApi
let a: Instance
let b: Instance
const cookies: Record<string, string> = {}

beforeAll(async () => {
  api = await startFleetApi()
  await api.publish('base@1')
  await api.publish('hidden-template@1')
  await api.join('machine-one')
  a = await api.create({ name: 'alpha' })
  b = await api.create({ name: 'beta-is-hidden', layers: [{ template: 'base' }, { template: 'hidden-template' }] })
  await Promise.all([api.until(a.id, { state: 'RUNNING' }), api.until(b.id, { state: 'RUNNING' })])
  for (const role of NARROW_ROLES) {
    const grants = [{ role, scope: { kind: 'instance', id: a.id } }]
    await api.ok(201, 'POST', '/users', { username: `narrow-${role}`, password: PASSWORD, role: null, grants })
    cookies[role] = await api.signIn(`narrow-${role}`, PASSWORD)
  }
  await Promise.all([a, b].map(instance => operationOf(instance)))
})
afterAll(() => api.close())

async function operationOf({ id }: Instance): Promise<Operation> {
  return api.brain.operations.run(
    {
      kind: 'test',
      subject: { kind: 'instance', id },
      by: { kind: 'user', id: 'x', name: 'x' },
      needs: 'instance.operate',
    },
    async () => ({}),
  )
}

const routes = await Promise.all(
  (await findRouteFiles())
    .filter(route => route.path.startsWith('/api/v1/') && route.method)
    .map(async route => ({
      ...route,
      name: `${route.method?.toUpperCase()} ${route.path}`,
      endpoint: ((await route.load()) as Endpoint).endpoint,
    })),
)
const withId = routes.filter(route => route.path.includes(':id') && route.endpoint.permission !== 'public')
const lists = routes.filter(
  route => route.method === 'get' && !route.path.includes(':') && route.endpoint.permission !== 'public',
)

describe.each(NARROW_ROLES)('a %s of one server', role => {
  const ask = async (route: (typeof routes)[number], id: string) => {
    const { status, body } = await api.request(route.path.replace(':id', id).replace(/:\w+/, '1'), {
      method: route.method?.toUpperCase(),
      cookie: cookies[role],
      ...(route.method !== 'get' && { json: BODIES[route.name] ?? {} }),
    })
    return {
      status,
      text: JSON.stringify(body)
        .replaceAll(id, 'ID')
        .replace(/"requestId":"[^"]*"/, ''),
    }
  }

  it.each(withId.map(route => [route.name, route] as const))('learns nothing of another by %s', async (_, route) => {
    const about = await ask(route, b.id)
    expect(about).toEqual(await ask(route, NOBODY))
    expect(about.status).toBeGreaterThanOrEqual(400)
    expect(about.text).not.toMatch(/beta|hidden/)
  })

  it.each(lists.map(route => [route.name, route] as const))('reads nothing of another in %s', async (_, route) => {
    const query = route.path.endsWith('/stats/instances') ? `?ids=${a.id},${b.id}` : ''
    const answer = await api.request(route.path + query, { cookie: cookies[role] })
    expect([200, 403, 404]).toContain(answer.status)
    expect(JSON.stringify(answer.body)).not.toContain(b.id)
    expect(JSON.stringify(answer.body)).not.toMatch(/beta|hidden/)
  })

  it('sees its own in lists, counts and events, and nothing else', async () => {
    const read = async <Body>(path: string) =>
      (await api.request(`/api/v1${path}`, { cookie: cookies[role] })).body as Body
    const ids = (page: { items: { id: string }[] }) => page.items.map(item => item.id)
    expect(ids(await read('/instances'))).toEqual([a.id])
    expect(ids(await read('/instances?q=beta'))).toEqual([])
    expect(ids(await read('/instances?template=hidden-template'))).toEqual([])
    expect(ids(await read('/instances?state=RUNNING&limit=1'))).toEqual([a.id])
    const status = await read<Status>('/status')
    expect(status.instances.RUNNING).toBe(1)
    expect(status.nodes).toEqual({ pending: 0, online: 0, suspect: 0, offline: 0 })
    expect(status.templates).toBe(0)
    expect(new Set(status.recentEvents.map(event => event.instanceId))).toEqual(new Set([a.id]))
    expect(status.running).toEqual([{ at: expect.any(Number), count: 1 }])
    expect((await read<{ items: Operation[] }>('/operations')).items.map(item => item.subject.id)).toEqual([a.id])
  })
})

it('gives a helper the console and the restart of the one server, and nothing more', async () => {
  const statusOf = async (method: string, path: string, json?: unknown) =>
    (await api.request(`/api/v1/instances/${a.id}${path}`, { method, cookie: cookies.helper, json })).status
  expect(await statusOf('GET', '')).toBe(200)
  expect(await statusOf('GET', '/events')).toBe(200)
  expect(await statusOf('POST', '/input', { line: 'help' })).toBe(202)
  expect(await statusOf('POST', '/restart')).toBe(202)
  expect(await statusOf('PATCH', '', { description: 'mine' })).toBe(403)
  expect(await statusOf('DELETE', '')).toBe(403)
  const create = { name: 'mine', layers: [{ template: 'base' }] }
  expect(
    (await api.request('/api/v1/instances', { method: 'POST', cookie: cookies.helper, json: create })).status,
  ).toBe(403)
})

describe('grants', () => {
  it('name servers that exist, each once, with a role that fits', async () => {
    const user = (grants: unknown) => ({ username: 'somebody', password: PASSWORD, grants })
    const over = (role: string, id: string) => ({ role, scope: { kind: 'instance', id } })
    const refused = async (grants: unknown) => {
      const { status, body } = await api.call('POST', '/users', user(grants))
      return { status, code: body.code }
    }
    expect(await refused([over('helper', NOBODY)])).toEqual({ status: 422, code: 'INSTANCE_UNKNOWN' })
    expect(await refused([over('admin', a.id)])).toEqual({ status: 400, code: 'VALIDATION_FAILED' })
    expect(await refused([over('helper', a.id), over('viewer', a.id)])).toEqual({
      status: 400,
      code: 'VALIDATION_FAILED',
    })
    expect(await refused([{ role: 'helper', scope: { kind: 'all' } }])).toEqual({
      status: 400,
      code: 'VALIDATION_FAILED',
    })
    expect(await refused([])).toEqual({ status: 400, code: 'VALIDATION_FAILED' })
  })

  it('stand beside a role over everything, and each changes without the other', async () => {
    const grants = [{ role: 'helper', scope: { kind: 'instance', id: a.id } }]
    const both = { username: 'both', password: PASSWORD, role: 'viewer', grants }
    const { id } = await api.ok<{ id: string }>(201, 'POST', '/users', both)
    const cookie = await api.signIn('both', PASSWORD)
    const restart = (instance: Instance) =>
      api.request(`/api/v1/instances/${instance.id}/restart`, { method: 'POST', cookie })
    expect([(await restart(a)).status, (await restart(b)).status]).toEqual([202, 404])
    expect((await api.request(`/api/v1/instances/${b.id}`, { cookie })).status).toBe(200)
    expect(await api.ok(200, 'PATCH', `/users/${id}`, { role: null })).toMatchObject({ role: null, grants })
    expect(await api.ok(200, 'PATCH', `/users/${id}`, { role: 'viewer' })).toMatchObject({ role: 'viewer', grants })
    expect(await api.ok(200, 'PATCH', `/users/${id}`, { grants: [] })).toMatchObject({ role: 'viewer', grants: [] })
  })

  it('of a token are no more than what its owner has, over the narrower of both scopes', async () => {
    const grants = [{ role: 'helper', scope: { kind: 'instance', id: a.id } }]
    const { token } = await api.ok<{ token: string }>(201, 'POST', '/tokens', { name: 'script', grants })
    const restart = (instance: Instance) =>
      api.request(`/api/v1/instances/${instance.id}/restart`, { method: 'POST', token })
    expect([(await restart(a)).status, (await restart(b)).status]).toEqual([202, 404])
    expect((await api.request('/api/v1/nodes', { token })).status).toBe(403)
    expect((await api.request('/api/v1/auth/me', { token })).body).toMatchObject({ user: { role: null, grants } })
  })

  it('go with the server they are over', async () => {
    const gone = await api.create({ name: 'goes-away', desired: 'stopped' })
    const grants = [{ role: 'helper', scope: { kind: 'instance', id: gone.id } }]
    const user = await api.ok<{ id: string }>(201, 'POST', '/users', { username: 'lonely', password: PASSWORD, grants })
    const cookie = await api.signIn('lonely', PASSWORD)
    await api.ok(202, 'DELETE', `/instances/${gone.id}`)
    await api.until(gone.id, { state: 'DESTROYED' })
    const { items } = await api.ok<{ items: { id: string; grants: unknown[] }[] }>(200, 'GET', '/users')
    expect(items.find(item => item.id === user.id)?.grants).toEqual([])
    expect((await api.request(`/api/v1/instances/${gone.id}`, { cookie })).status).toBe(403)
    expect((await api.request('/api/v1/auth/me', { cookie })).status).toBe(200)
  })
})
