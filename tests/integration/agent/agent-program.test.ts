import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { build } from 'rolldown'
import type { BuildOptions } from 'rolldown'
import agentBundle from '../../../agent/rolldown.config.mjs'
import { DockerRuntime } from '../../../agent/runtime/docker'
import type { InstanceSpec, NodeReport, Observation } from '../../../shared/protocol/agent'
import type { RuntimeKind } from '../../../shared/schemas/node'
import { instanceSpec } from '../../factories/instance-spec'
import { file, tar } from '../../factories/tar'
import { startFakeBrain } from '../../fakes/fake-brain'
import type { FakeBrain } from '../../fakes/fake-brain'
import { openLayerStore } from '../../support/layer-store'
import { startProgram } from '../../support/program'
import type { Program } from '../../support/program'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const SERVER = `echo "Server \${SERVER_NAME} ready"
while read -r line; do echo "got $line"; [ "$line" = stop ] && exit 0; done`

let bundle: string

beforeAll(async () => {
  bundle = join(mkdtempSync(join(tmpdir(), 'strata-bundle-')), 'strata-agent.mjs')
  const options: BuildOptions = {
    ...(agentBundle as BuildOptions),
    output: { file: bundle, format: 'esm', codeSplitting: false },
  }
  await build(options)
})
afterAll(() => rmSync(join(bundle, '..'), { recursive: true }))

/** The bundled agent as a program, before the real gateway: the brain is a list of what it was told. */
describe.each<RuntimeKind>(['docker', 'process'])('agent program with %s', runtime => {
  const nodeId = `node-${randomUUID().slice(0, 8)}`
  const id = `i-${randomUUID().slice(0, 8)}`
  let brain: FakeBrain
  let store: Awaited<ReturnType<typeof openLayerStore>>
  let dataDir: string
  let agent: Program
  let joinToken: string

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'strata-agent-'))
    chmodSync(dataDir, 0o755)
    brain = await startFakeBrain()
    store = await openLayerStore()
    brain.agents.events.layerUrl = (_nodeId, instanceId, sha256) => store.layerUrl(instanceId, sha256)
    brain.agents.owners.set(id, nodeId)
    joinToken = brain.agents.addJoinToken(nodeId)
    agent = start({ STRATA_JOIN_TOKEN: joinToken })
  })
  afterEach(async () => {
    await agent.end('SIGKILL')
    const ended = start({}, ['stop-all'])
    await waitFor('everything to be stopped', () => ended.process.exitCode !== null)
    await new DockerRuntime({
      address: ENGINE_ADDRESS,
      nodeId,
      network: () => null,
      owner: { uid: 1000, gid: 1000 },
      dataDir,
    }).discard(id)
    await brain.stop()
    store.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  function start(env: Record<string, string>, args: string[] = []): Program {
    return startProgram(bundle, args, {
      STRATA_BRAIN_URL: brain.url,
      STRATA_NODE_NAME: 'test',
      STRATA_NODE_DATA_DIR: dataDir,
      STRATA_RUNTIME: runtime,
      STRATA_NODE_ADDRESS: '127.0.0.1',
      DOCKER_HOST: ENGINE_ADDRESS,
      ...env,
    })
  }

  function spec(): InstanceSpec {
    const base = instanceSpec({ layers: [] })
    return {
      ...base,
      id,
      name: 'Test server',
      layers: [
        store.layer(tar(file('server.sh', SERVER, 0o755), file('motd.txt', 'Welcome to ${SERVER_NAME}\n')), 'base'),
      ],
      variables: { SERVER_NAME: 'Alpha' },
      builtins: { SERVER_NAME: 'Alpha' },
      runtime: {
        ...base.runtime,
        image: 'strata-test/busybox:1',
        command: ['sh', 'server.sh'],
        ready: { log: 'Alpha ready' },
        stop: { input: 'stop', signal: 'SIGTERM', graceSeconds: 10 },
        resources: { memoryMb: 64 },
      },
    }
  }

  const reports = (): NodeReport[] => brain.agents.of('report').map(([, report]) => report)
  const observations = (): Observation[] => brain.agents.of('observed').map(([, observation]) => observation)
  const seen = (state: Observation['state'], from = 0) =>
    waitFor(
      `${state}; told ${JSON.stringify(observations().map(({ state: was, reason }) => [was, reason]))}; it said ${agent.said()}`,
      () =>
        observations()
          .slice(from)
          .find(observation => observation.state === state),
    )
  const reported = (count: number) =>
    waitFor(`report ${count}; the agent said ${agent.said()}`, () => reports()[count - 1])

  async function send(
    name: 'instance.prepare' | 'instance.start' | 'instance.stop' | 'instance.destroy',
    generation: number,
  ) {
    const command = { commandId: randomUUID(), instanceId: id, generation }
    const payload = name === 'instance.prepare' ? { ...command, spec: spec() } : command
    return brain.gateway.agentLink.send(nodeId, name, payload)
  }

  async function run() {
    await reported(1)
    expect(await send('instance.prepare', 1)).toEqual({ ok: true })
    await seen('PREPARED')
    expect(await send('instance.start', 1)).toEqual({ ok: true })
    return seen('RUNNING')
  }

  it('joins with a token, keeps its secret for itself, and says what the machine is', async () => {
    const report = await reported(1)
    expect(report).toMatchObject({
      stream: 0,
      instances: [],
      specs: { runtime, address: '127.0.0.1', engine: { available: true } },
    })
    expect(report.specs.layout).toBe(runtime === 'process' ? 'copy' : report.specs.layout)
    expect(report.load.diskTotalBytes).toBeGreaterThan(0)
    expect(statSync(join(dataDir, 'identity.json')).mode & 0o777).toBe(0o600)
    await waitFor('a heartbeat', () => brain.agents.of('heartbeat').length > 0)
    await agent.end('SIGTERM')
    expect(agent.process.exitCode).toBe(0)
    expect(agent.said()).not.toContain('-secret-')
    // Once more without the token, which is used up.
    agent = start({})
    await reported(2)
    const second = start({ STRATA_JOIN_TOKEN: joinToken })
    await waitFor('the second one to leave', () => second.process.exitCode === 1)
    expect(second.said()).toContain('Another agent')
  })

  it('runs a server from a layer, through kill -9, stop-all and a new start', async () => {
    const running = await run()
    const start1 = { startedAt: running.startedAt, runId: running.runId }
    expect(
      (
        await brain.gateway.agentLink.send(nodeId, 'instance.input', {
          commandId: randomUUID(),
          instanceId: id,
          line: 'hello',
        })
      ).ok,
    ).toBe(true)
    await waitFor('the echo', async () => {
      const answer = await brain.gateway.agentLink.send(nodeId, 'instance.logs', { instanceId: id, tail: 10 })
      return answer.ok && JSON.stringify(answer.data).includes('got hello')
    })
    const beforeKill = observations().length
    await agent.end('SIGKILL')
    agent = start({})
    const report = await reported(2)
    expect(report.instances).toMatchObject([{ instanceId: id, state: 'RUNNING', restarts: 0, ...start1 }])
    expect(
      observations()
        .slice(beforeKill)
        .filter(observation => observation.state !== 'RUNNING'),
    ).toEqual([])
    expect(await send('instance.start', 1)).toEqual({ ok: true })

    const listing = start({}, ['list'])
    await waitFor('the list', () => listing.process.exitCode === 0)
    expect(listing.said()).toBe('Test server\n')
    await agent.end('SIGTERM')
    const ending = start({}, ['stop-all'])
    await waitFor('stop-all to end', () => ending.process.exitCode !== null)
    expect([ending.process.exitCode, ending.said()]).toEqual([0, 'Stopping Test server …\nTest server has stopped.\n'])
    const empty = start({}, ['list'])
    await waitFor('the list', () => empty.process.exitCode === 0)
    expect(empty.said()).toBe('')

    agent = start({})
    expect((await reported(3)).instances).toMatchObject([
      { state: 'STOPPED', actor: 'system', cause: 'command', exit: { code: 0 } },
    ])
    const told = observations().length
    await send('instance.prepare', 2)
    await seen('PREPARED', told)
    await send('instance.start', 2)
    const again = await seen('RUNNING', told)
    expect(again.runId).not.toBe(start1.runId)
    await send('instance.destroy', 3)
    await seen('DESTROYED', told)
    expect(readdirSync(join(dataDir, 'instances'))).toEqual([])
    expect(existsSync(join(dataDir, 'stacks', id))).toBe(false)
    expect(existsSync(join(dataDir, 'console', id))).toBe(false)
  })

  it('keeps what is wanted through a kill in the middle of things', async () => {
    await agent.end('SIGKILL')
    agent = start({ STRATA_JOIN_TOKEN: joinToken, STRATA_FAILPOINTS: 'start.beforeReport=kill' })
    await reported(1)
    await send('instance.prepare', 1)
    await seen('PREPARED')
    await send('instance.start', 1)
    await waitFor('the agent to be dead', () => agent.process.signalCode === 'SIGKILL')
    agent = start({})
    const told = observations().length
    await waitFor('the server to run', () =>
      [
        ...reports()
          .slice(1)
          .flatMap(report => report.instances),
        ...observations().slice(told),
      ].some(observation => observation.state === 'RUNNING'),
    )
    const latest = observations().at(-1)
    expect(latest?.restarts ?? 0).toBe(0)
  })

  it('says what refuses it, and keeps its servers', async () => {
    await run()
    brain.agents.removeNode(nodeId)
    brain.gateway.agentLink.disconnect(nodeId, 'removed')
    await waitFor('the words', () => agent.said().includes('does not know this node any more'))
    expect(agent.process.exitCode).toBeNull()
    const stranger = start({
      STRATA_NODE_DATA_DIR: join(dataDir, 'other'),
      STRATA_JOIN_TOKEN: 'no-such-token-no-such-token',
    })
    await waitFor('the stranger to give up', () => stranger.process.exitCode === 1)
    expect(stranger.said()).toContain('refuses the join token')
    const nobody = start({ STRATA_NODE_DATA_DIR: join(dataDir, 'third') })
    await waitFor('nobody to give up', () => nobody.process.exitCode === 1)
    expect(nobody.said()).toContain('has not joined a brain yet')
    expect(readFileSync(join(dataDir, 'identity.json'), 'utf8')).toContain(nodeId)
  })
})
