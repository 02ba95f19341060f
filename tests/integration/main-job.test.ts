import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InstanceEvent } from '../../shared/schemas/event'
import type { ApiClient } from '../support/api-client'
import { startProgram } from '../support/program'
import type { Program } from '../support/program'
import { openStrata } from '../support/strata'
import type { Strata } from '../support/strata'
import { askTeeworlds } from '../support/teeworlds'
import { waitFor } from '../support/wait-for'

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim()
const containers = (instanceId: string) =>
  docker('ps', '-aq', '--filter', `name=strata-${instanceId}`).split('\n').filter(Boolean)
const volumes = (instanceId: string) =>
  docker('volume', 'ls', '-q', '--filter', `name=strata-${instanceId}`).split('\n').filter(Boolean)

/** Packs a folder by plain `tar`, as an operator would. */
function packByTar(files: Record<string, string | Buffer>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'strata-pack-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return execFileSync('tar', ['-czf', '-', '-C', folder, '.'], { maxBuffer: 64 * 1024 ** 2 })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Of this run alone: other tests on the machine give ports to real servers, too. */
const FIRST_PORT = 26_000 + (process.pid % 60) * 100
const PORTS = `${FIRST_PORT}-${FIRST_PORT + 99}`

const BINARY = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 31) % 256))

const BASE = {
  'strata.yaml': `
type: master
description: Teeworlds from Debian
variables:
  SERVER_MOTD: { default: "Welcome to \${INSTANCE_NAME}" }
  RCON_PASSWORD: { secret: true, required: true }
runtime:
  image: strata-test/teeworlds:1
  command: [/usr/games/teeworlds-server, -f, server.cfg]
  workdir: /server
  env: { HOME: /server }
  ports: [{ name: game, protocol: udp, container: 8303 }]
  ready: { log: "server name is", timeoutSeconds: 60 }
  stop: { signal: SIGINT, graceSeconds: 10 }
`,
  'server.cfg':
    'sv_name "${SERVER_NAME}"\nsv_motd "${SERVER_MOTD}"\nsv_port ${PORT}\nsv_rcon_password "${RCON_PASSWORD}"\nsv_map dm1\nexec gamemode.cfg\n',
  'gamemode.cfg': 'sv_gametype dm\n',
  'data/keep.bin': BINARY,
  'data/old/one.txt': 'goes away',
}
const GAMEMODE = {
  'strata.yaml': 'type: gamemode\nremove: ["data/old/**"]\n',
  'gamemode.cfg': 'sv_gametype ctf\n',
  'data/tag.txt': 'gamemode ${INSTANCE_NAME} ${UNKNOWN}',
}
const MAP = { 'strata.yaml': 'type: map\n', 'data/tag.txt': 'map of ${INSTANCE_NAME}, ${PATH} $${PORT}' }

describe('the main job, over the HTTP API alone', () => {
  let strata: Strata
  let brain: Program
  let api: ApiClient
  let agent: Program
  let nodeId: string
  let id: string

  beforeAll(async () => {
    strata = await openStrata()
    brain = await strata.startBrain()
    api = await strata.signIn()
  }, 60_000)
  afterAll(async () => {
    if (id) for (const container of containers(id)) docker('rm', '-fv', container)
    if (id) for (const volume of volumes(id)) docker('volume', 'rm', '-f', volume)
    await strata.close()
  }, 60_000)

  const events = async () =>
    (await api.expectStatus(200, 'GET', `/instances/${id}/events?limit=200`)).body.items as unknown as InstanceEvent[]

  it('joins a node by the pasted command', async () => {
    const made = (await api.expectStatus(201, 'POST', '/nodes', { name: 'second', region: 'eu', tags: ['ssd'] }))
      .body as { node: { id: string }; joinToken: string; joinCommand: string }
    nodeId = made.node.id
    expect(made.joinCommand).toContain(made.joinToken)
    // The line itself, in a shell, in an empty folder, as it would be pasted; only the settings of this test stand before it.
    const folder = join(strata.folder, 'pasted')
    mkdirSync(folder, { recursive: true })
    const script = join(folder, 'paste.mjs')
    writeFileSync(
      script,
      `import { spawn } from 'node:child_process'
const child = spawn('sh', ['-c', process.env.JOIN], { stdio: 'inherit', cwd: ${JSON.stringify(folder)}, detached: true })
process.on('SIGTERM', () => process.kill(-child.pid, 'SIGTERM'))
process.on('SIGUSR2', () => process.kill(-child.pid, 'SIGKILL'))
child.on('exit', code => process.exit(code ?? 1))\n`,
    )
    agent = startProgram(script, [], {
      JOIN: made.joinCommand,
      STRATA_NODE_DATA_DIR: join(strata.folder, 'nodes', 'second'),
      STRATA_NODE_PORTS: PORTS,
      STRATA_NODE_ADDRESS: '127.0.0.1',
      DOCKER_HOST: process.env.DOCKER_HOST ?? '',
    })
    await waitFor('the node to be online', async () => {
      const node = (await api.expectStatus(200, 'GET', `/nodes/${nodeId}`)).body as {
        contact: string
        specs: { runtime: string; layout: string } | null
      }
      if (node.contact !== 'online') throw new Error(`${JSON.stringify(node)}\n${agent.said()}`)
      return node.specs?.runtime === 'docker' && node.specs.layout === 'overlay'
    })
    await agent.end('SIGTERM')
    // From here on as a program of the tests, so that it can be killed alone. It knows its secret by now: no token.
    agent = strata.startAgent('second', { STRATA_NODE_PORTS: PORTS, STRATA_NODE_ADDRESS: '127.0.0.1' })
  }, 60_000)

  it('publishes three archives made by plain tar', async () => {
    for (const [name, files] of Object.entries({ 'tw-base': BASE, 'tw-ctf': GAMEMODE, 'tw-map': MAP })) {
      const bytes = packByTar(files)
      const first = await api.expectStatus(201, 'PUT', `/templates/${name}/versions/1.0.0`, bytes)
      expect(first.body).toMatchObject({ id: name, version: '1.0.0', sizeBytes: bytes.length, tags: ['latest'] })
      await api.expectStatus(200, 'PUT', `/templates/${name}/versions/1.0.0`, bytes)
    }
    const other = await api.call('PUT', '/templates/tw-map/versions/1.0.0', packByTar({ ...MAP, more: 'x' }))
    expect([other.status, other.body.code]).toEqual([409, 'VERSION_EXISTS'])
  })

  it('says which variable is missing and makes nothing', async () => {
    const refused = await api.call('POST', '/instances', { name: 'ctf-1', layers: [{ template: 'tw-base' }] })
    expect([refused.status, refused.body.code]).toEqual([422, 'VARIABLES_MISSING'])
    expect(JSON.stringify(refused.body.issues)).toContain('RCON_PASSWORD')
    expect((await api.expectStatus(200, 'GET', '/instances')).body.items).toEqual([])
  })

  it('creates a server that a real client of the game reaches', async () => {
    const made = await api.expectStatus(201, 'POST', '/instances', {
      name: 'ctf-1',
      layers: [
        { template: 'tw-base' },
        { template: 'tw-ctf', version: '1.0.0' },
        { template: 'tw-map', tag: 'latest' },
      ],
      variables: { RCON_PASSWORD: 'sesame-9f3', SERVER_NAME: 'Capture $& here' },
      placement: { node: nodeId },
      resources: { memoryMb: 256, cpus: 1 },
    })
    expect(made.body).toMatchObject({ state: 'REQUESTED', desired: 'running', generation: 1, gamemode: 'tw-ctf' })
    id = made.body.id as string
    const running = await api.state(id, 'RUNNING')
    expect(running.address).toMatch(/^127\.0\.0\.1:\d+$/)
    const answer = await askTeeworlds('127.0.0.1', Number(running.address!.split(':')[1]))
    expect(answer).toMatchObject({ name: 'Capture $& here', map: 'dm1' })
    const steps = (await events()).filter(event => event.kind === 'transition').reverse()
    expect(
      steps.map(event => event.to),
      JSON.stringify(steps),
    ).toEqual(['PREPARING', 'PREPARED', 'STARTING', 'RUNNING'])
    for (const event of steps) expect([event.cause.length > 0, event.actor.name.length > 0]).toEqual([true, true])
  }, 90_000)

  it('shows the container the merged directory, byte for byte', () => {
    const [container] = containers(id)
    const read = (path: string) => execFileSync('docker', ['exec', container!, 'cat', path])
    expect(read('/server/server.cfg').toString()).toBe(
      'sv_name "Capture $& here"\nsv_motd "Welcome to ctf-1"\nsv_port 8303\nsv_rcon_password "sesame-9f3"\nsv_map dm1\nexec gamemode.cfg\n',
    )
    expect(read('/server/gamemode.cfg').toString()).toBe('sv_gametype ctf\n')
    expect(read('/server/data/tag.txt').toString()).toBe('map of ctf-1, ${PATH} ${PORT}')
    expect(read('/server/data/keep.bin').equals(BINARY)).toBe(true)
    expect(docker('exec', container!, 'ls', '-A', '/server/data').split('\n')).toEqual(['keep.bin', 'tag.txt'])
    expect(docker('exec', container!, 'ls', '-A', '/server').split('\n')).not.toContain('strata.yaml')
    expect(docker('exec', container!, 'id', '-u')).toBe('1000')
  })

  it('never tells a secret', async () => {
    const seen = await Promise.all(
      [`/instances/${id}`, `/instances/${id}/events`, '/audit', '/instances'].map(path => api.call('GET', path)),
    )
    for (const answer of seen) expect(answer.text).not.toContain('sesame-9f3')
    expect((await api.instance(id)).variables.RCON_PASSWORD).toBe('••••••')
    expect(brain.said() + agent.said()).not.toContain('sesame-9f3')
  })

  it('reads its logs and takes a line for its console', async () => {
    const logs = await api.expectStatus(200, 'GET', `/instances/${id}/logs?tail=200`)
    expect(logs.text).toContain('server name is')
    await api.expectStatus(202, 'POST', `/instances/${id}/input`, { line: 'status' })
    const two = await api.call('POST', `/instances/${id}/input`, { line: 'one\ntwo' })
    expect(two.status).toBe(400)
  })

  it('survives brain and agent being killed, without a restart', async () => {
    const before = await api.instance(id)
    await brain.end('SIGKILL')
    await agent.end('SIGKILL')
    const port = Number(before.address!.split(':')[1])
    expect(await askTeeworlds('127.0.0.1', port)).toMatchObject({ map: 'dm1' })
    brain = await strata.startBrain()
    agent = strata.startAgent('second', { STRATA_NODE_PORTS: PORTS, STRATA_NODE_ADDRESS: '127.0.0.1' })
    api = await strata.signIn()
    const after = await waitFor(
      'the node to be back',
      async () => {
        const now = await api.instance(id)
        return now.node?.contact === 'online' && now.state === 'RUNNING' && now
      },
      15_000,
    )
    expect([after.startedAt, after.runId, after.restarts]).toEqual([before.startedAt, before.runId, before.restarts])
  }, 60_000)

  it('starts a killed server again by its policy', async () => {
    const before = await api.instance(id)
    docker('kill', containers(id)[0]!)
    const after = await waitFor(
      'a new run',
      async () => {
        const now = await api.instance(id)
        return now.state === 'RUNNING' && now.runId !== before.runId && now
      },
      30_000,
    )
    expect(after.restarts).toBe(before.restarts + 1)
    expect((await events()).some(event => event.kind === 'crash' || event.cause === 'exit.crash')).toBe(true)
  }, 60_000)

  it('stops, keeps what the server wrote, starts, restarts and kills', async () => {
    await api.expectStatus(202, 'POST', `/instances/${id}/stop`)
    const stopped = await api.state(id, 'STOPPED')
    expect(stopped.desired).toBe('stopped')
    const own = join(strata.folder, 'nodes', 'second', 'stacks', id, 'upper')
    expect(readdirSync(own)).toContain('.local')
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    const started = await api.state(id, 'RUNNING')
    // A second press changes nothing.
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    expect((await api.instance(id)).generation).toBe(started.generation)
    await api.expectStatus(202, 'POST', `/instances/${id}/restart`)
    await waitFor('a new run', async () => {
      const now = await api.instance(id)
      return now.state === 'RUNNING' && now.runId !== started.runId
    })
    await api.expectStatus(202, 'POST', `/instances/${id}/kill`)
    const killed = await api.state(id, 'STOPPED', 10_000)
    expect(killed.desired).toBe('stopped')
  }, 90_000)

  it('keeps a change for the next start', async () => {
    await api.expectStatus(202, 'POST', `/instances/${id}/start`)
    await api.state(id, 'RUNNING')
    const patched = await api.expectStatus(200, 'PATCH', `/instances/${id}`, {
      variables: { RCON_PASSWORD: 'sesame-9f3', SERVER_NAME: 'Renamed' },
    })
    expect(patched.body.pending).toBe(true)
    await api.expectStatus(202, 'POST', `/instances/${id}/restart`)
    await waitFor('the change to be live', async () => {
      const now = await api.instance(id)
      return (
        now.state === 'RUNNING' &&
        !now.pending &&
        (await askTeeworlds('127.0.0.1', Number(now.address!.split(':')[1]))).name === 'Renamed'
      )
    })
  }, 60_000)

  it('refuses to delete what is in use', async () => {
    expect((await api.call('DELETE', '/templates/tw-base/versions/1.0.0')).body.code).toBe('TEMPLATE_IN_USE')
    expect((await api.call('DELETE', `/nodes/${nodeId}`)).body.code).toBe('NODE_IN_USE')
  })

  it('destroys and leaves nothing', async () => {
    await api.expectStatus(202, 'DELETE', `/instances/${id}`)
    await waitFor('the server to be gone', async () => (await api.instance(id)).state === 'DESTROYED')
    expect([containers(id), volumes(id)]).toEqual([[], []])
    const data = join(strata.folder, 'nodes', 'second')
    expect(existsSync(join(data, 'stacks', id))).toBe(false)
    expect(readdirSync(join(data, 'staging'))).toEqual([])
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(`stacks/${id}`)
    expect((await api.expectStatus(200, 'GET', '/instances')).body.items).toEqual([])
    expect((await api.expectStatus(200, 'GET', '/instances?state=DESTROYED')).body.items).toHaveLength(1)
    await api.expectStatus(204, 'DELETE', '/templates/tw-map/versions/1.0.0')
  }, 60_000)
})
