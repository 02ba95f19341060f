import { POLICY } from '../../shared/domain/policy'
import type {
  AgentEvents,
  AgentFiles,
  AgentLink,
  AuditPort,
  Clock,
  Ids,
  InstancePresenter,
  InstanceRecord,
  InstanceStore,
  LayerSource,
  NodeStore,
  PanelBus,
  RegistryLoginStore,
  ScopeVariableStore,
  SecretBox,
} from '../ports'
import { createAgentEvents } from './agent-events'
import { createAgentUpdates } from './agent-updates'
import { createCommandSender } from './command-sender'
import { createInstanceAdoption } from './instance-adoption'
import { createInstanceConsole } from './instance-console'
import { createInstanceCreation } from './instance-creation'
import { createDefine } from './instance-definition'
import { createInstanceObservations } from './instance-observations'
import { createPatch } from './instance-patch'
import { createInstancePresenter } from './instance-presenter'
import { createInstanceService } from './instance-service'
import type { InstanceService } from './instance-service'
import { createSpecBuilder } from './instance-spec'
import { createInstanceWriter } from './instance-writer'
import { createNodeAdmission } from './node-admission'
import { createNodeCertificates } from './node-certificates'
import type { AgentTrust, NodeCertificates } from './node-certificates'
import { createNodeDirectory } from './node-directory'
import { createNodeLive } from './node-live'
import { createNodeNews } from './node-news'
import { createNodeRanking } from './node-ranking'
import { createNodeService } from './node-service'
import type { NodeService } from './node-service'
import { createNodeSettings } from './node-settings'
import { createNodeUsageBoard } from './node-usage-board'
import type { OperationService } from './operation-service'
import { createPlacementService } from './placement-service'
import { createProgressBoard } from './progress-board'
import { createReconciler } from './reconciler'
import { createRegistryService } from './registry-service'
import type { RegistryService } from './registry-service'
import { createRefusalLog } from './refusal-log'
import { createSentCommands } from './sent-commands'
import type { ServiceLog } from './service-log'
import { createHideSecrets } from './secret-words'
import { createEffectiveVariables } from './effective-variables'
import { createVariableService } from './variable-service'
import type { VariableService } from './variable-service'
import { createStatsBoard } from './stats-board'
import type { StatsBoard } from './stats-board'
import { createStatsService } from './stats-service'
import type { StatsService } from './stats-service'
import { createWishTrace } from './wish-trace'

/** Instances and nodes, wired: the services, what the gateway calls, and the clockwork. */
export interface Fleet {
  instances: InstanceService
  nodes: NodeService
  variables: VariableService
  /** Takes over an instance that only its node knows. */
  adopt: ReturnType<typeof createInstanceAdoption>
  certificates: NodeCertificates
  agentEvents: AgentEvents
  registries: RegistryService
  presenter: InstancePresenter
  stats: StatsService
  board: StatsBoard
  /** Reads the nodes, looks at every instance that is not at rest, and begins to judge contact. */
  start(): Promise<void>
  /** Resolves when nothing is under way any more; then the database may be closed. */
  stop(): Promise<void>
}

export interface FleetWatch {
  committed(before: InstanceRecord | null, after: InstanceRecord): void
  crashed(nodeId: string | null): void
  forgetNode(nodeId: string): void
}

export interface FleetDeps {
  instances: InstanceStore
  nodes: NodeStore
  variables: ScopeVariableStore
  layers: LayerSource
  registryLogins: RegistryLoginStore
  secrets: SecretBox
  operations: Pick<OperationService, 'run'>
  audit: AuditPort
  /** Both may be made after the fleet; nothing is sent before `start`. */
  link: AgentLink
  panel: PanelBus
  clock: Clock
  ids: Ids
  log: ServiceLog
  networkId: string
  /** Hears of every commit, crash and removal, to count them. */
  watch: FleetWatch
  agentFiles: AgentFiles
  /** Whether agents become this brain's one by themselves. */
  agentUpdates: 'manual' | 'auto'
  trust: AgentTrust
}

export function createFleet(deps: FleetDeps): Fleet {
  const { instances, nodes, layers, secrets, link, panel, clock, ids, log } = deps
  const directory = createNodeDirectory(nodes)
  const live = createNodeLive({ directory, clock })
  const progress = createProgressBoard(clock)
  const sent = createSentCommands(clock)
  const board = createStatsBoard(clock)
  const trace = createWishTrace()
  const variables = createVariableService({ store: deps.variables, directory, secrets, clock })
  const hideSecrets = createHideSecrets({ secrets, variables })
  const presenter = createInstancePresenter({ directory, live, progress })
  const certificates = createNodeCertificates({
    directory,
    link,
    trust: deps.trust,
    clock,
    log,
    onChanged: nodeId => news.tell(nodeId),
  })
  const agentUpdates = createAgentUpdates({
    files: deps.agentFiles,
    mode: deps.agentUpdates,
    directory,
    live,
    link,
    clock,
    log,
    onChanged: nodeId => news.tell(nodeId),
  })
  const { securityOf } = certificates
  const news = createNodeNews({ instances, directory, live, presenter, agentUpdates, panel, clock, securityOf, log })

  const usage = createNodeUsageBoard(instances)
  function tellState(before: InstanceRecord | null, { id, nodeId, state, generation, reason }: InstanceRecord): void {
    const facts = {
      requestId: trace.requestOf(id),
      instanceId: id,
      nodeId,
      from: before?.state ?? null,
      state,
      generation,
      reason: reason?.code ?? null,
    }
    if (state === 'FAILED') log.warn(facts, 'A server changed its state')
    else log.info(facts, 'A server changed its state')
  }

  const writer = createInstanceWriter({
    instances,
    presenter,
    panel,
    clock,
    onCommitted(before, after, events) {
      deps.watch.committed(before, after)
      if (events.some(event => event.kind === 'crash')) deps.watch.crashed(after.nodeId)
      // A stop and a destruction want something else of the same generation.
      if (before?.generation !== after.generation || before.desired !== after.desired) trace.note(after.id)
      usage.follow(before, after)
      if (before?.state !== after.state) tellState(before, after)
      if (after.state !== 'PREPARING') progress.forget(after.id)
      if (after.nodeId !== null && (before?.state !== after.state || before.nodeId !== after.nodeId))
        news.tell(after.nodeId)
      if (after.state === 'DESTROYED') {
        sent.forget(after.id)
        board.forgetInstance(after.id)
        trace.forget(after.id)
        reconciler.roomChanged()
      }
      reconciler.wake(after.id)
    },
  })
  const ranking = createNodeRanking({ directory, live, usage })
  const placement = createPlacementService({ instances, nodes, directory, ranking, writer, clock })
  const specs = createSpecBuilder({ layers, variables, secrets })
  const send = createCommandSender({ link, writer, specs, directory, progress, sent, trace, clock, ids, log })
  const reconciler = createReconciler({ instances, writer, placement, send, live, progress, sent, clock, log })

  const settings = createNodeSettings({ directory, link, log })
  const observations = createInstanceObservations({
    instances,
    nodes,
    writer,
    placement,
    reconciler,
    presenter,
    board: progress,
    panel,
    clock,
    hideSecrets,
  })
  const define = createDefine(layers, variables)

  const registries = createRegistryService({
    store: deps.registryLogins,
    instances,
    specs,
    directory,
    secrets,
    clock,
    ids,
  })
  const agentEvents = createAgentEvents({
    registries,
    networkId: deps.networkId,
    admit: createNodeAdmission({ nodes, directory, clock, ids }),
    certificates,
    refused: createRefusalLog({ audit: deps.audit, clock }),
    observations,
    instances,
    directory,
    live,
    news,
    stats: board,
    settings,
    agentUpdates,
    reconciler,
    layers,
    clock,
    log,
    hideSecrets,
  })

  const timers: NodeJS.Timeout[] = []
  const every = (ms: number, what: string, work: () => Promise<void>) => {
    const run = () =>
      void work().catch((error: unknown) => log.error({ err: error }, `${what} failed; it is tried again`))
    timers.push(setInterval(run, ms).unref())
  }

  async function writeLastSeen(): Promise<void> {
    const heard = directory.list().flatMap(({ id }) => {
      const at = live.of(id).lastHeardAt
      return at === null ? [] : [{ id, at }]
    })
    if (heard.length > 0) await nodes.seen(heard)
  }

  return {
    presenter,
    certificates,
    agentEvents,
    registries,
    variables,
    board,
    stats: createStatsService({ board, instances, directory }),
    adopt: createInstanceAdoption({
      instances,
      directory,
      live,
      link,
      layers,
      define,
      placement,
      writer,
      presenter,
      news,
      variables,
      hideSecrets,
      secrets,
      clock,
    }),
    instances: createInstanceService({
      instances,
      presenter,
      writer,
      reconciler,
      creation: createInstanceCreation({
        define,
        layers,
        directory,
        placement,
        writer,
        placeOf: variables.placeOf,
        secrets,
        clock,
        ids,
      }),
      patch: createPatch({ define, layers, placement, placeOf: variables.placeOf, secrets }),
      console: createInstanceConsole({ link, ids, hideSecrets }),
      variables: createEffectiveVariables({ layers, variables, secrets, nodeOf: directory.find }),
    }),
    nodes: createNodeService({
      instances,
      directory,
      live,
      news,
      writer,
      settings,
      operations: deps.operations,
      link,
      panel,
      clock,
      ids,
      agentFiles: deps.agentFiles,
      agentUpdates,
      onRemoved(id) {
        variables.forgetNode(id)
        board.forgetNode(id)
        deps.watch.forgetNode(id)
      },
      onRoomChanged: () => reconciler.roomChanged(),
    }),

    async start() {
      await directory.load()
      await usage.load()
      await variables.load()
      await news.judgeContact()
      await reconciler.start()
      certificates.start()
      every(POLICY.reconcile.contactMs, 'Judging contact with nodes', () => news.judgeContact())
      every(POLICY.reconcile.lastSeenMs, 'Writing down when nodes were heard', writeLastSeen)
    },

    async stop() {
      for (const timer of timers) clearInterval(timer)
      certificates.stop()
      await reconciler.stop()
      await writeLastSeen()
    },
  }
}
