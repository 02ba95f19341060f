import { copyFileSync, mkdirSync, mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256OfFile } from '../../../agent/program/program-files'
import type { Instance } from '../../../shared/schemas/instance'
import type { Node, RuntimeKind } from '../../../shared/schemas/node'
import { file, tar } from '../../factories/tar'
import { buildAgent } from '../../support/agent-bundle'
import { startFleetApi } from '../../support/fleet-api'
import type { FleetApi } from '../../support/fleet-api'
import { startProgram } from '../../support/program'
import type { Program } from '../../support/program'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const MANIFEST = `
type: master
runtime:
  image: strata-test/busybox:1
  command: [sh, server.sh]
  ready: { log: "ready" }
  stop: { input: stop, signal: SIGTERM, graceSeconds: 10 }
  resources: { memoryMb: 64 }
`
const SERVER = `echo ready
while read -r line; do echo "got $line"; [ "$line" = stop ] && exit 0; done`

/** Programs of other versions, and one that nobody can start. */
const built = mkdtempSync(join(tmpdir(), 'strata-agents-'))
const programs = { first: '', second: '', broken: join(built, 'broken.mjs') }

beforeAll(async () => {
  for (const version of ['first', 'second'] as const) {
    mkdirSync(join(built, version))
    programs[version] = await buildAgent(join(built, version), `0.0.0-${version}`)
  }
  writeFileSync(programs.broken, 'throw new Error("this agent is broken on purpose")\n')
}, 60_000)
afterAll(() => rmSync(built, { recursive: true }))

describe.each<RuntimeKind>(['docker', 'process'])('an agent that becomes a newer one, with %s', runtime => {
  let folder: string
  let offered: string
  let installed: string
  let api: FleetApi
  let agent: Program
  let nodeId: string
  let id: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strata-update-'))
    chmodSync(folder, 0o755)
    offered = join(folder, 'offered.mjs')
    copyFileSync(programs.first, offered)
    vi.stubEnv('STRATA_AGENT_BUNDLE', offered)
    api = await startFleetApi()
    installed = join(folder, 'node', 'program', 'strata-agent.mjs')
    mkdirSync(join(installed, '..'), { recursive: true })
    copyFileSync(programs.first, installed)
    const made = await api.ok<{ node: Node; joinToken: string }>(201, 'POST', '/nodes', { name: 'updated' })
    nodeId = made.node.id
    agent = start(['keep'], { STRATA_JOIN_TOKEN: made.joinToken })
    await until({ state: 'current' })
    const raw = new Uint8Array(tar(file('strata.yaml', MANIFEST), file('server.sh', SERVER, 0o755)))
    const cookie = await api.cookieOf('admin')
    await api.request('/api/v1/templates/base/versions/1', { method: 'PUT', raw, cookie })
    id = (await api.create({ name: 'steady' })).id
    await running()
  }, 60_000)
  afterEach(async () => {
    await api.ok(202, 'DELETE', `/instances/${id}`)
    await waitFor('the server to be gone', async () => (await api.instance(id)).state === 'DESTROYED')
    await agent.end('SIGTERM')
    await api.close()
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  const start = (args: string[], env: Record<string, string> = {}) =>
    startProgram(installed, args, {
      STRATA_BRAIN_URL: api.url.origin,
      STRATA_NODE_NAME: 'updated',
      STRATA_NODE_DATA_DIR: join(folder, 'node'),
      STRATA_NODE_ADDRESS: '127.0.0.1',
      STRATA_NODE_PORTS: '28200-28299',
      STRATA_RUNTIME: runtime,
      DOCKER_HOST: ENGINE_ADDRESS,
      ...env,
    })

  const running = (): Promise<Instance> =>
    waitFor(`the server to run; the agent said ${agent.said()}`, async () => {
      const seen = await api.instance(id)
      if (seen.state !== 'RUNNING') throw new Error(JSON.stringify(seen))
      return seen
    })
  /** The node, once its agent stands as said. */
  const until = (expected: Partial<NonNullable<Node['agent']>>): Promise<Node> =>
    waitFor(
      `the agent to be ${JSON.stringify(expected)}; it said ${agent.said()}`,
      async () => {
        const node = await api.ok<Node>(200, 'GET', `/nodes/${nodeId}`)
        const standing = node.agent
        if (
          node.contact === 'online' &&
          standing &&
          Object.entries(expected).every(([key, value]) => standing[key as keyof typeof standing] === value)
        )
          return node
        throw new Error(JSON.stringify(standing))
      },
      60_000,
    )
  const answerOf = async (line: string) => {
    await waitFor(
      'the console',
      async () => (await api.call('POST', `/instances/${id}/input`, { line })).status === 202,
    )
    const cookie = await api.cookieOf('admin')
    await waitFor('the echo', async () =>
      String((await api.request(`/api/v1/instances/${id}/logs?tail=50`, { cookie })).body).includes(`got ${line}`),
    )
  }

  it('takes the newer program, keeps the one before when the next is broken, and servers never notice', async () => {
    const { startedAt } = await running()
    const refused = await api.call('POST', `/nodes/${nodeId}/update-agent`)
    expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT'])

    copyFileSync(programs.second, offered)
    expect((await until({ state: 'outdated', updates: 'self' })).specs?.agentVersion).toBe('0.0.0-first')
    const asked = await api.ok<Node>(202, 'POST', `/nodes/${nodeId}/update-agent`)
    expect(asked.agent?.state).toBe('updating')
    expect((await until({ state: 'current', failure: null })).specs?.agentVersion).toBe('0.0.0-second')
    expect(sha256OfFile(installed)).toBe(sha256OfFile(programs.second))
    expect((await running()).startedAt).toBe(startedAt)
    await answerOf('after-update')

    copyFileSync(programs.broken, offered)
    await api.ok<Node>(202, 'POST', `/nodes/${nodeId}/update-agent`)
    const stayed = await waitFor(
      'the way back',
      async () => {
        const node = await api.ok<Node>(200, 'GET', `/nodes/${nodeId}`)
        return node.agent?.state === 'outdated' && node.agent.failure ? node : undefined
      },
      60_000,
    )
    expect(stayed.agent?.failure).toContain('this agent is broken on purpose')
    expect(stayed.specs?.agentVersion).toBe('0.0.0-second')
    expect(sha256OfFile(installed)).toBe(sha256OfFile(programs.second))
    expect((await running()).startedAt).toBe(startedAt)

    await agent.end('SIGKILL')
    agent = start(['keep'])
    await until({ state: 'outdated' })
    expect((await running()).startedAt).toBe(startedAt)
    await answerOf('after-kill')
  }, 120_000)

  it('is told that it cannot where somebody else starts it', async () => {
    await agent.end('SIGTERM')
    agent = start([])
    copyFileSync(programs.second, offered)
    await until({ state: 'outdated', updates: 'elsewhere' })
    const refused = await api.call('POST', `/nodes/${nodeId}/update-agent`)
    expect(refused.body.detail).toContain('whoever started it starts the newer one')
    expect(sha256OfFile(installed)).toBe(sha256OfFile(programs.first))
  })
})
