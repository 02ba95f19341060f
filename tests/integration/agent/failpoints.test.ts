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

type Wanted = 'RUNNING' | 'STOPPED' | 'DESTROYED'

/** Places inside layers, layouts and runtimes, for both runtimes; those of the supervisor are in `agent-death.test.ts`. */
const DEATHS: [runtime: RuntimeKind, failpoint: string, during: Wanted][] = [
  ['docker', 'cache.beforePublish', 'RUNNING'],
  ['docker', 'cache.beforeRename', 'RUNNING'],
  ['docker', 'prepare.afterClear', 'RUNNING'],
  ['docker', 'overlay.beforeRename', 'RUNNING'],
  ['docker', 'create.afterVolume', 'RUNNING'],
  ['docker', 'exit.afterRecord', 'STOPPED'],
  ['docker', 'destroy.beforeRemove', 'DESTROYED'],
  ['process', 'prepare.afterClear', 'RUNNING'],
  ['process', 'copy.beforeApply', 'RUNNING'],
  ['process', 'copy.beforeDone', 'RUNNING'],
  ['process', 'start.beforeCreate', 'RUNNING'],
  ['process', 'process.afterSpawn', 'RUNNING'],
  ['process', 'process.beforeGo', 'RUNNING'],
  ['process', 'start.beforeReport', 'RUNNING'],
  ['process', 'stop.afterInput', 'STOPPED'],
  ['process', 'exit.beforeRecord', 'STOPPED'],
  ['process', 'clean.half', 'STOPPED'],
  ['process', 'destroy.half', 'DESTROYED'],
  ['process', 'destroy.beforeRemove', 'DESTROYED'],
]

const SERVER = `echo ready
while read -r line; do [ "$line" = stop ] && exit 0; done`

const docker = new Dockerode({ socketPath: ENGINE_ADDRESS.replace('unix://', '') })
let bundle: string

beforeAll(async () => {
  bundle = join(mkdtempSync(join(tmpdir(), 'strata-bundle-')), 'strata-agent.mjs')
  await build({ ...(agentBundle as BuildOptions), output: { file: bundle, format: 'esm', codeSplitting: false } })
})
afterAll(() => rmSync(join(bundle, '..'), { recursive: true }))

describe.each(['kill', 'error-once'] as const)('inside a step, by %s', fault => {
  const nodeId = `node-${randomUUID().slice(0, 8)}`
  let brain: FakeBrain
  let store: Awaited<ReturnType<typeof openLayerStore>>
  let dataDir: string
  let agent: Program
  let id: string
  let generation: number
  let runtime: RuntimeKind

  beforeEach(async () => {
    id = `i-${randomUUID().slice(0, 8)}`
    generation = 1
    dataDir = mkdtempSync(join(tmpdir(), 'strata-death-'))
    chmodSync(dataDir, 0o755)
    brain = await startFakeBrain()
    store = await openLayerStore()
    brain.agents.events.layerUrl = (_nodeId, instanceId, sha256) => store.layerUrl(instanceId, sha256)
    brain.agents.owners.set(id, nodeId)
  })
  afterEach(async () => {
    await bring('DESTROYED').catch(() => undefined) // what is left is looked for by every test itself
    await agent.end('SIGKILL')
    for (const { Id } of await containers()) await docker.getContainer(Id).remove({ force: true, v: true })
    for (const { Name } of await volumes()) await docker.getVolume(Name).remove()
    await brain.stop()
    store.close()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  function start(env: Record<string, string>): Program {
    return startProgram(bundle, [], {
      STRATA_BRAIN_URL: brain.url,
      STRATA_NODE_NAME: 'test',
      STRATA_NODE_DATA_DIR: dataDir,
      STRATA_RUNTIME: runtime,
      DOCKER_HOST: ENGINE_ADDRESS,
      ...env,
    })
  }

  function spec(): InstanceSpec {
    const base = instanceSpec({ layers: [] })
    const run = {
      ...base.runtime,
      image: 'strata-test/busybox:1',
      command: ['sh', 'server.sh'],
      ready: { log: 'ready' },
      stop: { input: 'stop', signal: 'SIGTERM' as const, graceSeconds: 10 },
      resources: { memoryMb: 64 },
    }
    // Not persistent: clearing own files is one of the steps.
    const layers = [store.layer(tar(file('server.sh', SERVER, 0o755)), 'base')]
    return { ...base, id, persistent: false, layers, runtime: run }
  }

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

  /** Sends what is missing, again and again, until the state is there, as the brain's reconciler does. */
  async function bring(wanted: Wanted): Promise<void> {
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

  async function command(wanted: Wanted, state: Observation['state'] | undefined) {
    const send = (name: 'instance.prepare' | 'instance.start' | 'instance.stop' | 'instance.destroy') =>
      brain.gateway.agentLink.send(nodeId, name, {
        commandId: randomUUID(),
        instanceId: id,
        generation,
        ...(name === 'instance.prepare' ? { spec: spec() } : {}),
      })
    if (wanted === 'DESTROYED') return send('instance.destroy')
    if (wanted === 'STOPPED') return state === 'STOPPING' ? undefined : send('instance.stop')
    if (state === 'PREPARED') return send('instance.start')
    if (state === 'FAILED') generation++
    return state === undefined || state === 'FAILED' || state === 'STOPPED' ? send('instance.prepare') : undefined
  }

  const ofInstance = () => ({ label: [`strata.instance=${id}`] })
  const containers = () => docker.listContainers({ all: true, filters: ofInstance() })
  const volumes = async () => (await docker.listVolumes({ filters: ofInstance() })).Volumes

  /** Everything that runs of the instance: containers, or shells of the process runtime by their folder. */
  async function running(): Promise<number> {
    if (runtime === 'docker') return (await containers()).length
    return existsSync(join(dataDir, 'processes', id, 'run.json')) ? 1 : 0
  }

  it.each(DEATHS)(
    '%s: at %s while it is to be %s converges, and leaves nothing half done',
    async (kind, failpoint, during) => {
      runtime = kind
      agent = start({ STRATA_JOIN_TOKEN: brain.agents.addJoinToken(nodeId) })
      await waitFor('the node', () => brain.agents.of('report')[0])
      if (during !== 'RUNNING') await bring('RUNNING')
      const before = latest()
      await agent.end('SIGKILL')
      const reports = brain.agents.of('report').length
      agent = start({ STRATA_FAILPOINTS: `${failpoint}=${fault}` })
      await waitFor('the node to be back', () => brain.agents.of('report')[reports])
      // A server that ran was not restarted.
      if (before) expect(latest()).toMatchObject({ state: 'RUNNING', runId: before.runId, startedAt: before.startedAt })
      if (fault === 'kill') {
        const dying = bring(during).catch(() => undefined)
        await waitFor(`the death at ${failpoint}`, () => agent.process.signalCode === 'SIGKILL')
        agent = start({})
        await dying
      }
      await bring(during)
      if (during === 'RUNNING') {
        expect(await running()).toBe(1)
      } else {
        await waitFor('whatever ran to be gone', async () => (await running()) === 0 && (await volumes()).length === 0)
      }
      if (during === 'DESTROYED') {
        await waitFor('the record to be gone', () => readdirSync(join(dataDir, 'instances')).length === 0)
        expect(existsSync(join(dataDir, 'stacks', id))).toBe(false)
      }
      await waitFor('staging to be empty', () => readdirSync(join(dataDir, 'staging')).length === 0)
    },
  )
})
