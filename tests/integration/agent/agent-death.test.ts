import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Dockerode from 'dockerode'
import { build } from 'rolldown'
import type { BuildOptions } from 'rolldown'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import agentBundle from '../../../agent/rolldown.config.mjs'
import type { InstanceSpec, Observation } from '../../../shared/protocol/agent'
import { instanceSpec } from '../../factories/instance-spec'
import { file, tar } from '../../factories/tar'
import { startFakeBrain } from '../../fakes/fake-brain'
import type { FakeBrain } from '../../fakes/fake-brain'
import { openLayerStore } from '../../support/layer-store'
import { startProgram } from '../../support/program'
import type { Program } from '../../support/program'
import { ENGINE_ADDRESS } from '../../support/supervised-node'
import { waitFor } from '../../support/wait-for'

const SERVER = `echo ready
while read -r line; do [ "$line" = stop ] && exit 0; done`

/** Every step of the agent at which a death could leave something half done, and the state that is wanted when it happens. */
const DEATHS: [failpoint: string, during: 'RUNNING' | 'STOPPED' | 'DESTROYED'][] = [
  ['command.afterAccept', 'RUNNING'],
  ['report.beforeSend', 'RUNNING'],
  ['prepare.afterHome', 'RUNNING'],
  ['prepare.afterDownload', 'RUNNING'],
  ['prepare.beforeLayout', 'RUNNING'],
  ['prepare.beforeRename', 'RUNNING'],
  ['prepare.afterLayout', 'RUNNING'],
  ['prepare.afterProof', 'RUNNING'],
  ['start.beforeCreate', 'RUNNING'],
  ['start.afterCreate', 'RUNNING'],
  ['start.beforeReport', 'RUNNING'],
  ['stop.beforeInput', 'STOPPED'],
  ['stop.afterInput', 'STOPPED'],
  ['exit.beforeRecord', 'STOPPED'],
  ['clean.before', 'STOPPED'],
  ['clean.half', 'STOPPED'],
  ['destroy.beforeRuntime', 'DESTROYED'],
  ['destroy.half', 'DESTROYED'],
  ['destroy.beforeForget', 'DESTROYED'],
]

const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
let bundle: string

beforeAll(async () => {
  bundle = join(mkdtempSync(join(tmpdir(), 'strata-bundle-')), 'strata-agent.mjs')
  await build({ ...(agentBundle as BuildOptions), output: { file: bundle, format: 'esm', codeSplitting: false } })
})
afterAll(() => rmSync(join(bundle, '..'), { recursive: true }))

/** Each error is waited out for five seconds, so not every step has one. */
const ERRORS = DEATHS.filter(([failpoint]) => /afterLayout|afterCreate|afterInput|beforeRecord|half/.test(failpoint))

describe.each([
  ['kill', DEATHS],
  ['error-once', ERRORS],
] as const)('a step that ends by %s', (fault, steps) => {
  const nodeId = `node-${randomUUID().slice(0, 8)}`
  let brain: FakeBrain
  let store: Awaited<ReturnType<typeof openLayerStore>>
  let dataDir: string
  let agent: Program
  let id: string
  let generation: number

  beforeEach(async () => {
    id = `i-${randomUUID().slice(0, 8)}`
    generation = 1
    dataDir = mkdtempSync(join(tmpdir(), 'strata-death-'))
    chmodSync(dataDir, 0o755)
    brain = await startFakeBrain()
    store = await openLayerStore()
    brain.agents.events.layerUrl = (_nodeId, instanceId, sha256) => store.layerUrl(instanceId, sha256)
    brain.agents.owners.set(id, nodeId)
    agent = start({ STRATA_JOIN_TOKEN: brain.agents.addJoinToken(nodeId) })
  })
  afterEach(async () => {
    await agent.end('SIGKILL')
    for (const { Id } of await docker.listContainers({ all: true, filters: { label: [`strata.instance=${id}`] } }))
      await docker.getContainer(Id).remove({ force: true, v: true })
    for (const { Name } of (await docker.listVolumes({ filters: { label: [`strata.instance=${id}`] } })).Volumes)
      await docker.getVolume(Name).remove()
    await brain.stop()
    store.close()
    // The kernel lets go of a mount a moment after the engine says that it is gone.
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  function start(env: Record<string, string>): Program {
    return startProgram(bundle, [], {
      STRATA_BRAIN_URL: brain.url,
      STRATA_NODE_NAME: 'test',
      STRATA_NODE_DATA_DIR: dataDir,
      DOCKER_HOST: ENGINE_ADDRESS,
      ...env,
    })
  }

  function spec(): InstanceSpec {
    const base = instanceSpec({ layers: [] })
    const runtime = {
      ...base.runtime,
      image: 'strata-test/busybox:1',
      command: ['sh', 'server.sh'],
      ready: { log: 'ready' },
      stop: { input: 'stop', signal: 'SIGTERM' as const, graceSeconds: 10 },
      resources: { memoryMb: 64 },
    }
    return { ...base, id, layers: [store.layer(tar(file('server.sh', SERVER, 0o755)), 'base')], runtime }
  }

  /** The newest of what the node told, by its number. */
  function latest(): Observation | undefined {
    const told = [
      ...brain.agents.of('observed').map(([, observation]) => observation),
      ...brain.agents.of('report').flatMap(([, report]) => report.instances),
    ]
    return told
      .filter(observation => observation.instanceId === id)
      .sort((a, b) => a.seq - b.seq)
      .at(-1)
  }

  /** Does what the brain's reconciler does: sends what is missing, again and again, until the state is there. */
  async function bring(wanted: 'RUNNING' | 'STOPPED' | 'DESTROYED'): Promise<void> {
    let sentAt = 0
    let sentFor = ''
    await waitFor(
      `${id} to be ${wanted}; last ${JSON.stringify(latest())}; the agent said ${agent.said().slice(-3_000)}`,
      async () => {
        const state = latest()?.state
        if (state === wanted) return true
        if (sentFor === `${state}` && performance.now() - sentAt < 1_000) return false
        sentFor = `${state}`
        sentAt = performance.now()
        await command(wanted, state).catch(() => undefined) // away: sent again
        return false
      },
      40_000,
    )
  }

  async function command(wanted: string, state: Observation['state'] | undefined) {
    const send = (name: 'instance.prepare' | 'instance.start' | 'instance.stop' | 'instance.destroy') => {
      const payload = {
        commandId: randomUUID(),
        instanceId: id,
        generation,
        ...(name === 'instance.prepare' ? { spec: spec() } : {}),
      }
      return brain.gateway.agentLink.send(nodeId, name, payload)
    }
    if (wanted === 'DESTROYED') return send('instance.destroy')
    if (wanted === 'STOPPED') return state === 'STOPPING' ? undefined : send('instance.stop')
    if (state === 'PREPARED') return send('instance.start')
    if (state === 'FAILED') generation++
    return state === undefined || state === 'FAILED' || state === 'STOPPED' || state === 'PREPARING'
      ? send('instance.prepare')
      : undefined
  }

  const containers = async () =>
    (await docker.listContainers({ all: true, filters: { label: [`strata.instance=${id}`] } })).length
  const volumes = async () =>
    (await docker.listVolumes({ filters: { label: [`strata.instance=${id}`] } })).Volumes.length

  it.each(steps)('at %s while it is to be %s converges, and leaves nothing half done', async (failpoint, during) => {
    await waitFor('the node', () => brain.agents.of('report')[0])
    const before = during === 'RUNNING' ? null : (await bring('RUNNING'), latest())
    await agent.end('SIGKILL')
    const reports = brain.agents.of('report').length
    agent = start({ STRATA_FAILPOINTS: `${failpoint}=${fault}` })
    await waitFor('the node to be back', () => brain.agents.of('report')[reports])
    if (before) expect(latest()).toMatchObject({ state: 'RUNNING', runId: before.runId, startedAt: before.startedAt })
    if (fault === 'kill') {
      const dying = bring(during).catch(() => undefined)
      await waitFor(`the death at ${failpoint}`, () => agent.process.signalCode === 'SIGKILL')
      agent = start({})
      await dying
    }
    await bring(during)
    if (during === 'RUNNING') {
      expect(await containers()).toBe(1)
      const { runId, startedAt, restarts } = latest() ?? {}
      expect(restarts).toBe(fault === 'kill' || !failpoint.startsWith('start.') ? 0 : restarts)
      await agent.end('SIGKILL')
      const count = brain.agents.of('report').length
      agent = start({})
      await waitFor('one more report', () => brain.agents.of('report')[count])
      expect(latest()).toMatchObject({ state: 'RUNNING', runId, startedAt })
      return
    }
    await waitFor(
      'containers and volumes to be gone',
      async () => (await containers()) === 0 && (await volumes()) === 0,
    )
    if (during === 'STOPPED') return
    await waitFor('the record to be gone', () => readdirSync(join(dataDir, 'instances')).length === 0)
    expect(existsSync(join(dataDir, 'stacks', id))).toBe(false)
    expect(readdirSync(join(dataDir, 'staging'))).toEqual([])
  })
})
