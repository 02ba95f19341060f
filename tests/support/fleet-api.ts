import { expect } from 'vitest'
import type { Instance } from '../../shared/schemas/instance'
import type { InstanceEvent } from '../../shared/schemas/event'
import type { Node } from '../../shared/schemas/node'
import type { Problem } from '../../shared/schemas/status'
import { createFakeAgent } from '../fakes/fake-agent'
import type { FakeAgent, FakeAgentOptions } from '../fakes/fake-agent'
import { file, tarGz } from '../factories/tar'
import { startApiServer } from './api-server'
import type { ApiServer } from './api-server'
import { waitFor } from './wait-for'

/** A brain behind HTTP with templates and fake agents: what the tests of nodes and instances do all the time. */
export interface FleetApi extends ApiServer {
  /** As admin, with the answer's status and body. */
  call<Body = Problem>(
    method: string,
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Body; headers: Headers }>
  /** The same, and the status must be this one. */
  ok<Body>(
    status: number,
    method: string,
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<Body>
  publish(address: string, manifest?: string, query?: string): Promise<void>
  /** Adds a node and lets a fake agent join as it; resolves when the brain has its whole truth. */
  join(
    name: string,
    options?: Partial<FakeAgentOptions> & { region?: string; tags?: string[] },
  ): Promise<{ node: Node; agent: FakeAgent }>
  create(input?: Record<string, unknown>): Promise<Instance>
  instance(id: string): Promise<Instance>
  events(id: string): Promise<InstanceEvent[]>
  /** Waits until the instance is as said; the error shows how it was at last. */
  until(id: string, expected: Partial<Instance>): Promise<Instance>
}

/** Steps of fake servers take 5 ms. */
const QUICK = { stepMs: 5, restartDelayMs: 20 }

export async function startFleetApi(options: Parameters<typeof startApiServer>[0] = {}): Promise<FleetApi> {
  const api = await startApiServer(options)
  const cookie = await api.cookieOf('admin')
  const agents: FakeAgent[] = []

  const fleet: FleetApi = {
    ...api,
    async call<Body>(method: string, path: string, json?: unknown, headers?: Record<string, string>) {
      const answer = await api.request(`/api/v1${path}`, {
        method,
        cookie,
        ...(json === undefined ? {} : { json }),
        ...(headers ? { headers } : {}),
      })
      return { ...answer, body: answer.body as Body }
    },
    async ok<Body>(status: number, ...request: [string, string, unknown?, Record<string, string>?]) {
      const answer = await fleet.call<Body>(...request)
      expect({ status: answer.status, body: answer.body }, request.slice(0, 2).join(' ')).toMatchObject({ status })
      return answer.body
    },
    async publish(address, manifest = 'runtime: { image: none }', query = '?type=custom') {
      const [id = '', version = '1'] = address.split('@')
      const raw = new Uint8Array(tarGz(file('strata.yaml', manifest), file('readme.txt', address)))
      const answer = await api.request(`/api/v1/templates/${id}/versions/${version}${query}`, {
        method: 'PUT',
        raw,
        cookie,
      })
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 201 })
    },
    async join(name, { region, tags, ...agentOptions } = {}) {
      const { node, joinToken } = await fleet.ok<{ node: Node; joinToken: string }>(201, 'POST', '/nodes', {
        name,
        region,
        tags,
      })
      const agent = createFakeAgent({
        brainUrl: api.url.origin,
        joinToken,
        ...agentOptions,
        behaviour: { ...QUICK, ...agentOptions.behaviour },
      })
      agents.push(agent)
      await agent.connect()
      return {
        node: await waitFor(`node ${name} to report`, async () => {
          const seen = await fleet.ok<Node>(200, 'GET', `/nodes/${node.id}`)
          return seen.load ? seen : undefined
        }),
        agent,
      }
    },
    create: input =>
      fleet.ok<Instance>(201, 'POST', '/instances', { name: 'lobby', layers: [{ template: 'base' }], ...input }),
    instance: id => fleet.ok<Instance>(200, 'GET', `/instances/${id}`),
    events: async id =>
      (await fleet.ok<{ items: InstanceEvent[] }>(200, 'GET', `/instances/${id}/events?limit=500`)).items.reverse(),
    until: (id, expected) =>
      waitFor(
        `the instance to be ${JSON.stringify(expected)}`,
        async () => {
          const seen = await fleet.instance(id)
          if (isLike(seen, expected)) return seen
          throw new Error(`it is ${JSON.stringify(seen)}`)
        },
        10_000,
      ),
    async close() {
      await Promise.all(agents.map(agent => agent.close()))
      await api.close()
    },
  }
  return fleet
}

function isLike(seen: Instance, expected: Partial<Instance>): boolean {
  return Object.entries(expected).every(
    ([key, value]) => JSON.stringify(seen[key as keyof Instance]) === JSON.stringify(value),
  )
}
