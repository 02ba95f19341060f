import { POLICY } from '../shared/domain/policy'
import type { NodeReport } from '../shared/protocol/agent'
import type { LayoutKind, RuntimeKind } from '../shared/schemas/node'
import type { AgentSettings } from './config'
import { createDiskReserve } from './disk-reserve'
import type { AgentLog } from './log'
import { createLoadMeter } from './node-load'
import { nodeSpecsOf } from './node-specs'
import type { OwnProgram } from './program/own-program'
import { createPreparer } from './prepare/create-preparer'
import type { LayerCache, Preparer, PreparerContext } from './prepare/port'
import { readBootId } from './process-identity'
import { RecordStore } from './record'
import { Consoles } from './runtime/console'
import type { ContainerRuntime } from './runtime/container-runtime'
import { DockerRuntime } from './runtime/docker'
import { ProcessRuntime } from './runtime/process'
import { NodeMeter } from './stats/node-meter'
import { Supervisor } from './supervisor'
import type { AgentNews, SupervisorContext } from './supervisor/instance-actor'

/** Everything on this machine that does not need the brain. */
export interface LocalNode {
  supervisor: Supervisor
  cache: LayerCache
  /** Measures once it is opened. */
  servers: NodeMeter
  describe: () => Promise<Pick<NodeReport, 'specs' | 'load'>>
  engine: () => ReturnType<ContainerRuntime['engine']>
}

export interface LocalNodeContext {
  settings: AgentSettings
  nodeId: string
  /** Of the brain; null while it did not say. */
  network: () => string | null
  news: AgentNews
  layerUrl: PreparerContext['layerUrl']
  devMode: () => boolean
  registryLogin: SupervisorContext['registryLogin']
  /** What the node tells of itself is otherwise than before. */
  onSpecsChanged: () => void
  /** Left out by who only acts on the servers and meets no brain. */
  program?: Pick<OwnProgram, 'describe'>
  log: AgentLog
}

/** Puts runtimes, layers and supervisor together. Nothing is started or looked at before `supervisor.resume`. */
export async function createLocalNode({
  settings,
  nodeId,
  network,
  news,
  layerUrl,
  devMode,
  registryLogin,
  onSpecsChanged,
  program,
  log,
}: LocalNodeContext): Promise<LocalNode> {
  const { dataDir, owner, isRoot } = settings
  const warn = (message: string, error?: unknown) => log.warn({ err: error }, message)
  const { preparer, cache } = await createPreparer({
    dataDir,
    owner,
    cacheLimitBytes: settings.cacheLimitBytes,
    layerUrl,
    warn,
    log,
  })
  const reserve = createDiskReserve(dataDir)
  const runtimes: Record<RuntimeKind, ContainerRuntime> = {
    docker: new DockerRuntime({ address: settings.dockerHost, nodeId, network, owner, dataDir }),
    process: new ProcessRuntime({ dataDir, owner, isRoot, reserve }),
  }
  /** The first server that is laid out finds out whether Docker can mount overlays here. */
  const askAndTell: Preparer['overlayObstacle'] = async ask => {
    const before = await preparer.overlayObstacle()
    const found = await preparer.overlayObstacle(ask)
    if (found && found !== before) {
      log.warn({ obstacle: found }, 'Servers of this node are laid out by copying')
      onSpecsChanged()
    }
    return found
  }
  const supervisor = new Supervisor({
    preparer: { ...preparer, overlayObstacle: askAndTell },
    runtimes,
    runtime: settings.runtime,
    layout: settings.layout,
    binds: settings,
    store: new RecordStore(dataDir, reserve),
    consoles: new Consoles(dataDir),
    restart: POLICY.restart,
    bootId: readBootId(),
    now: steadyClock(),
    devMode,
    registryLogin,
    news,
    log,
  })
  const meter = createLoadMeter(dataDir, cache)
  const layout = async (): Promise<{ layout: LayoutKind; layoutNotice: string | null }> => {
    if (settings.layout !== 'auto') return { layout: settings.layout, layoutNotice: null }
    if (settings.runtime !== 'docker') return { layout: 'copy', layoutNotice: null }
    // Not known now, on a full disk for one: the node is heard all the same.
    const obstacle = runtimes.docker.overlayObstacle() ?? (await preparer.overlayObstacle().catch(() => null))
    return { layout: obstacle ? 'copy' : 'overlay', layoutNotice: obstacle }
  }
  const engine = () => runtimes[settings.runtime].engine()
  return {
    supervisor,
    cache,
    servers: new NodeMeter({ instances: () => supervisor.metered(), preparer, log }),
    engine,
    describe: async () => ({
      specs: nodeSpecsOf(settings, { engine: engine(), ...(await layout()), program: program?.describe() }),
      load: await meter(),
    }),
  }
}

/** The time as it was when the agent started, and what has passed since: a clock that is set must not end a grace or skip a delay. */
function steadyClock(): () => number {
  const origin = Date.now() - performance.now()
  return () => Math.round(origin + performance.now())
}
