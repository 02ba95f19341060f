import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../../shared/protocol/version'
import { file, tar } from '../../factories/tar'
import type { ApiClient } from '../../support/api-client'
import { buildOlderAgent } from '../../support/older-agent'
import { startProgram } from '../../support/program'
import type { Program } from '../../support/program'
import { openStrata } from '../../support/strata'
import type { Strata } from '../../support/strata'
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

/** The agent as it was when the protocol before was the newest, built from the history, with the brain as it is now. */
describe('an agent of the protocol before', () => {
  let strata: Strata
  let api: ApiClient
  let agent: Program
  let older: ReturnType<typeof buildOlderAgent>
  let nodeId: string

  beforeAll(async () => {
    strata = await openStrata()
    older = buildOlderAgent(strata.folder)
    await strata.startBrain()
    api = await strata.signIn()
  }, 120_000)
  afterAll(async () => {
    await agent?.end('SIGTERM')
    await strata?.close()
  })

  const start = (env: Record<string, string> = {}) =>
    startProgram(older.bundle, [], {
      STRATA_BRAIN_URL: strata.origin,
      STRATA_NODE_NAME: 'older',
      STRATA_NODE_DATA_DIR: join(strata.folder, 'nodes', 'older'),
      STRATA_NODE_ADDRESS: '127.0.0.1',
      STRATA_NODE_PORTS: '28100-28199',
      DOCKER_HOST: process.env.DOCKER_HOST ?? '',
      ...env,
    })
  const online = () =>
    waitFor(`the node to be online; its agent said ${agent.said()}`, async () => {
      const { body } = await api.expectStatus(200, 'GET', `/nodes/${nodeId}`)
      return body.contact === 'online' && body.specs !== null
    })

  it('is one version behind this brain', () => {
    const was = /PROTOCOL_VERSION = (\d+)/.exec(
      readFileSync(join(older.sources, 'shared', 'protocol', 'version.ts'), 'utf8'),
    )
    expect(Number(was?.[1])).toBe(PROTOCOL_VERSION - 1)
    expect(OLDEST_PROTOCOL_VERSION).toBe(PROTOCOL_VERSION - 1)
  })

  it('joins, and is told of settings', async () => {
    const made = await api.expectStatus(201, 'POST', '/nodes', { name: 'older', region: 'eu' })
    nodeId = (made.body.node as { id: string }).id
    agent = start({ STRATA_JOIN_TOKEN: made.body.joinToken as string })
    await online()
    await api.expectStatus(200, 'PATCH', `/nodes/${nodeId}`, { devMode: true, tags: ['ssd'] })
    expect(agent.said()).not.toContain('does not understand')
  })

  it('runs a server through everything a brain asks of a node, and through a new start', async () => {
    const archive = tar(file('strata.yaml', MANIFEST), file('server.sh', SERVER, 0o755))
    await api.expectStatus(201, 'PUT', '/templates/older-base/versions/1', archive)
    const made = await api.expectStatus(201, 'POST', '/instances', {
      name: 'older-1',
      layers: [{ template: 'older-base' }],
      placement: { node: nodeId },
      ports: [{ name: 'game', protocol: 'udp' }],
    })
    const id = made.body.id as string
    const { startedAt } = await api.state(id, 'RUNNING')
    await api.expectStatus(202, 'POST', `/instances/${id}/input`, { line: 'hello' })
    await waitFor('the echo', async () =>
      (await api.expectStatus(200, 'GET', `/instances/${id}/logs?tail=50`)).text.includes('got hello'),
    )
    expect((await api.expectStatus(200, 'GET', `/nodes/${nodeId}/cache`)).body.layers).toHaveLength(1)
    await api.expectStatus(202, 'POST', `/nodes/${nodeId}/purge-cache`, {})
    await agent.end('SIGKILL')
    agent = start()
    await online()
    expect((await api.state(id, 'RUNNING')).startedAt).toBe(startedAt)
    await api.expectStatus(202, 'POST', `/instances/${id}/restart`)
    await waitFor('the next run', async () => {
      const again = await api.instance(id)
      return again.state === 'RUNNING' && again.startedAt !== startedAt
    })
    await api.expectStatus(202, 'POST', `/instances/${id}/stop`)
    await api.state(id, 'STOPPED')
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    await api.state(id, 'RUNNING')
    await api.expectStatus(202, 'DELETE', `/instances/${id}`)
    await api.state(id, 'DESTROYED')
    expect(agent.said()).not.toContain('does not understand')
  })
})
