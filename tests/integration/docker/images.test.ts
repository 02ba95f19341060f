import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Node } from '../../../shared/schemas/node'
import { file, tar } from '../../factories/tar'
import type { ApiClient } from '../../support/api-client'
import { buildStrataImages, docker, openStrataContainers } from '../../support/strata-images'
import type { StrataContainers } from '../../support/strata-images'
import { waitFor } from '../../support/wait-for'

const MARK = `${process.pid}`
const FIRST_PORT = 24_000 + (process.pid % 90) * 10

const LAYER = tar(
  file(
    'strata.yaml',
    `type: master
runtime:
  image: strata-test/busybox:1
  command: [sh, serve.sh]
  workdir: /server
  ports: [{ name: game, protocol: tcp, container: 7777 }]
  ready: { tcp: game, timeoutSeconds: 60 }
  stop: { signal: SIGTERM, graceSeconds: 2 }
`,
  ),
  file('serve.sh', 'echo "Hello from ${SERVER_NAME}" > hello.txt\nexec httpd -f -p 7777 -h .\n'),
)

describe('the images of the Dockerfile', () => {
  let strata: StrataContainers
  let api: ApiClient
  let nodeId: string
  let id: string | undefined

  beforeAll(async () => {
    strata = await openStrataContainers(await buildStrataImages(MARK), MARK)
    // Nothing is written beside the data, so the rest may be closed.
    await strata.startBrain('--read-only')
    await strata.healthy()
    api = await strata.signIn()
  })
  afterAll(async () => {
    for (const container of (await docker('ps', '-aq', '--filter', `name=strata-${id ?? 'none'}`)).split('\n'))
      if (container) await docker('rm', '-fv', container)
    for (const volume of (await docker('volume', 'ls', '-q', '--filter', `name=strata-${id ?? 'none'}`)).split('\n'))
      if (volume) await docker('volume', 'rm', '-f', volume)
    await strata.close()
  })

  const node = async () => (await api.expectStatus(200, 'GET', `/nodes/${nodeId}`)).body as unknown as Node
  const online = () =>
    waitFor('the node to be online', async () => {
      const { contact } = await node()
      if (contact !== 'online') throw new Error(`${contact}: ${await strata.said(strata.agent)}`)
      return true
    })

  it('runs the brain without root, its data in a volume', async () => {
    expect(await docker('exec', strata.brain, 'id', '-u')).toBe('1000')
    expect(await docker('exec', strata.brain, 'stat', '-c', '%u %a', '/data/strata.db')).toBe('1000 600')
    expect(await strata.inspect(strata.brain, '{{range .Mounts}}{{.Type}} {{.Destination}}{{end}}')).toBe(
      'volume /data',
    )
    await expect(docker('exec', strata.brain, 'touch', '/opt/strata/scripts/brain.mjs')).rejects.toThrow()
  })

  it('holds what runs and nothing else: no sources, no tools of the build', async () => {
    expect(await docker('exec', strata.brain, 'ls', '-A', '/opt/strata')).toBe('.output\ndist\npackage.json\nscripts')
    const packages = await docker('exec', strata.brain, 'ls', '/opt/strata/.output/server/node_modules')
    expect(packages.split('\n')).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(vitest|typescript|nuxt|vite)$/)]),
    )
  })

  it('lets the agent join from its own container, and runs a server on an overlay', async () => {
    const made = (await api.expectStatus(201, 'POST', '/nodes', { name: 'box' })).body as {
      node: { id: string }
      joinToken: string
    }
    nodeId = made.node.id
    await strata.startAgent(made.joinToken, `${FIRST_PORT}-${FIRST_PORT + 9}`)
    await online()
    await api.expectStatus(201, 'PUT', '/templates/web/versions/1', LAYER)
    const body = { name: 'Web', layers: [{ template: 'web' }], placement: { node: nodeId } }
    id = (await api.expectStatus(201, 'POST', '/instances', body)).body.id as string
    const running = await api.state(id, 'RUNNING')
    expect(running.layout).toBe('overlay')
    const page = await fetch(`http://${running.address}/hello.txt`)
    expect(await page.text()).toBe('Hello from Web\n')
  })

  it('leaves the server alone when brain and agent are restarted', async () => {
    const startedAt = await strata.inspect(`strata-${id}`, '{{.State.StartedAt}}')
    await docker('restart', strata.agent, strata.brain)
    await strata.healthy()
    await online()
    expect(await api.state(id!, 'RUNNING')).toMatchObject({ restarts: 0, node: { contact: 'online' } })
    expect(await strata.inspect(`strata-${id}`, '{{.State.StartedAt}}')).toBe(startedAt)
  })

  it('destroys the server and leaves nothing of it', async () => {
    await api.expectStatus(202, 'DELETE', `/instances/${id}`)
    await api.state(id!, 'DESTROYED')
    expect(await docker('ps', '-aq', '--filter', `name=strata-${id}`)).toBe('')
    expect(await docker('volume', 'ls', '-q', '--filter', `name=strata-${id}`)).toBe('')
  })
})
