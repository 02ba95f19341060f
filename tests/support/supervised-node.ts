import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordStore } from '../../agent/record'
import { Consoles } from '../../agent/runtime/console'
import type { ContainerRuntime } from '../../agent/runtime/container-runtime'
import { DockerRuntime } from '../../agent/runtime/docker'
import { ProcessRuntime } from '../../agent/runtime/process'
import { readBootId } from '../../agent/process-identity'
import { Supervisor } from '../../agent/supervisor'
import type { CommandName } from '../../agent/supervisor/accept-command'
import type { SupervisorContext } from '../../agent/supervisor/instance-actor'
import type { AgentToBrain, InstanceSpec, Observation } from '../../shared/protocol/agent'
import type { RuntimeKind } from '../../shared/schemas/node'
import type { ResolvedRuntime } from '../../shared/schemas/runtime'
import { PlainPreparer } from '../fakes/plain-preparer'
import { instanceSpec } from '../factories/instance-spec'
import { waitFor } from './wait-for'

export const ENGINE_ADDRESS = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'
const isRoot = process.getuid?.() === 0
const owner = isRoot ? { uid: 1000, gid: 1000 } : { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000 }

export interface NodeOptions {
  runtime: RuntimeKind
  restart?: SupervisorContext['restart']
  engineAddress?: string
  registryLogin?: (registry: string) => { username: string; password: string } | null
  bootId?: string
}

/** Delays that a test can wait for. */
const QUICK = {
  delaysMs: [50, 60, 70, 80, 90],
  healthyAfterMs: 600_000,
  afterEngineMs: 20,
} as unknown as SupervisorContext['restart']

/**
 * The supervisor of an agent with its real runtimes, without layers and without a brain: what it tells is kept. `restartAgent` drops
 * the supervisor as a death of the agent would and begins anew from what is on disk.
 */
export async function openSupervisedNode(options: NodeOptions) {
  const dataDir = mkdtempSync(join(tmpdir(), 'strata-node-'))
  chmodSync(dataDir, 0o755)
  const nodeId = `test-${randomUUID().slice(0, 8)}`
  const preparer = new PlainPreparer(dataDir)
  const observations: Observation[] = []
  const console: AgentToBrain['instance.console'][] = []
  const stats: AgentToBrain['instance.stats'][] = []
  const progress: AgentToBrain['instance.progress'][] = []
  const logged: string[] = []
  const settings = { restart: options.restart ?? QUICK, bootId: options.bootId ?? readBootId() }
  let runtimes: Record<RuntimeKind, ContainerRuntime>
  let store: RecordStore
  let supervisor = await begin()
  let commands = 0
  const instances = new Set<string>()

  async function begin(): Promise<Supervisor> {
    const log = (level: string) => (fields: object, message: string) =>
      void logged.push(`${level} ${message} ${JSON.stringify(fields)} ${'err' in fields ? String(fields.err) : ''}`)
    runtimes = {
      docker: new DockerRuntime({
        address: options.engineAddress ?? ENGINE_ADDRESS,
        nodeId,
        network: () => null,
        owner: { uid: 1000, gid: 1000 },
        dataDir,
      }),
      process: new ProcessRuntime({ dataDir, owner, isRoot }),
    }
    store = new RecordStore(dataDir)
    const made = new Supervisor({
      preparer,
      runtimes,
      runtime: options.runtime,
      layout: 'auto',
      binds: { publicBind: ['127.0.0.1'], privateBind: ['127.0.0.1'] },
      store,
      consoles: new Consoles(dataDir),
      restart: settings.restart,
      bootId: settings.bootId,
      now: () => Date.now(),
      devMode: () => false,
      registryLogin: async (_instanceId, registry) => options.registryLogin?.(registry) ?? null,
      news: {
        observed: observation => void observations.push(observation),
        progress: told => void progress.push(told),
        console: lines => void console.push(lines),
        stats: sample => void stats.push(sample),
      },
      log: {
        debug: log('debug'),
        info: log('info'),
        warn: log('warn'),
        error: log('error'),
      } as SupervisorContext['log'],
    })
    await made.resume()
    return made
  }

  const of = (id: string) => observations.filter(observation => observation.instanceId === id)

  return {
    dataDir,
    nodeId,
    preparer,
    observations,
    console,
    stats,
    progress,
    logged,
    settings,
    get supervisor() {
      return supervisor
    },
    get store() {
      return store
    },
    get runtimes() {
      return runtimes
    },
    /** A spec of a shell program. */
    spec(script: string, runtime: Partial<ResolvedRuntime> = {}, change: Partial<InstanceSpec> = {}): InstanceSpec {
      const id = change.id ?? `t-${randomUUID().slice(0, 8)}`
      instances.add(id)
      const base = instanceSpec({ layers: [] })
      return {
        ...base,
        id,
        name: `Server ${id}`,
        layers: [{ template: 'base', version: '1', type: 'master', sha256: 'a'.repeat(64), sizeBytes: 1 }],
        runtime: {
          ...base.runtime,
          image: 'strata-test/busybox:1',
          command: ['sh', '-c', script],
          resources: { memoryMb: 64 },
          ...runtime,
        },
        ...change,
      }
    },
    async command(
      name: Exclude<CommandName, 'instance.prepare'>,
      instanceId: string,
      generation = 1,
      commandId = `command-${++commands}`,
    ) {
      await supervisor.accept({ name, commandId, instanceId, generation })
    },
    async prepare(spec: InstanceSpec, generation = 1, commandId = `command-${++commands}`) {
      await supervisor.accept({ name: 'instance.prepare', commandId, instanceId: spec.id, generation, spec })
    },
    of,
    last: (id: string) => of(id).at(-1),
    states: (id: string) => of(id).map(observation => observation.state),
    /** Waits for an observation of the instance, among those after the first `after`. */
    seen(id: string, what: string, isIt: (observation: Observation) => boolean, after = 0) {
      return waitFor(`${what}; logged:\n${logged.join('\n')}\ntold: ${JSON.stringify(of(id).slice(-4), null, 1)}`, () =>
        of(id).slice(after).find(isIt),
      )
    },
    state(id: string, state: Observation['state'], after = 0) {
      return this.seen(id, `${id} to be ${state}`, observation => observation.state === state, after)
    },
    async start(spec: InstanceSpec, until: Observation['state'] = 'RUNNING') {
      await this.prepare(spec)
      await this.state(spec.id, 'PREPARED')
      await this.command('instance.start', spec.id)
      return this.state(spec.id, until)
    },
    async restartAgent(): Promise<void> {
      await supervisor.close()
      supervisor = await begin()
    },
    async closeAgent(): Promise<void> {
      await supervisor.close()
    },
    async openAgent(): Promise<void> {
      supervisor = await begin()
    },
    async close(): Promise<void> {
      await supervisor.close()
      for (const id of instances)
        for (const runtime of Object.values(runtimes)) if (runtime.engine().available) await runtime.discard(id)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
export type SupervisedNode = Awaited<ReturnType<typeof openSupervisedNode>>
