import type {
  AgentEvents,
  AgentFiles,
  AgentLink,
  AuditPort,
  Clock,
  Ids,
  InstancePresenter,
  InstanceStore,
  LayerSource,
  NodeStore,
  PanelBus,
  RegistryLoginStore,
  ScopeVariableStore,
  SecretBox,
} from '../ports'
import { createAfterCommit } from './after-commit'
import type { FleetWatch } from './after-commit'
import { createAgentEvents } from './agent-events'
import { createAgentUpdates } from './agent-updates'
import { createCommandSender } from './command-sender'
import { createEffectiveVariables } from './effective-variables'
import { createFleetClock } from './fleet-clock'
import { createFleetKnowledge } from './fleet-knowledge'
import { createInstanceAdoption } from './instance-adoption'
import { createInstanceConsole } from './instance-console'
import { createInstanceCreation } from './instance-creation'
import { createDefine } from './instance-definition'
import { createInstanceObservations } from './instance-observations'
import { createPatch } from './instance-patch'
import { createInstanceService } from './instance-service'
import type { InstanceService } from './instance-service'
import { createSpecBuilder } from './instance-spec'
import { createInstanceWriter } from './instance-writer'
import { createNodeAdmission } from './node-admission'
import { createNodeCertificates } from './node-certificates'
import type { AgentTrust, NodeCertificates } from './node-certificates'
import { createNodeNews } from './node-news'
import { createNodeRanking } from './node-ranking'
import { createNodeService } from './node-service'
import type { NodeService } from './node-service'
import { createNodeSettings } from './node-settings'
import type { OperationService } from './operation-service'
import { createPlacementService } from './placement-service'
import { createReconciler } from './reconciler'
import { createRegistryService } from './registry-service'
import type { RegistryService } from './registry-service'
import { createRefusalLog } from './refusal-log'
import type { ServiceLog } from './service-log'
import type { VariableService } from './variable-service'
import type { StatsBoard } from './stats-board'
import { createStatsService } from './stats-service'
import type { StatsService } from './stats-service'

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
  const knowledge = createFleetKnowledge({ instances, nodes, variables: deps.variables, secrets, clock })
  const { directory, live, progress, sent, board, trace, usage, variables, hideSecrets, presenter } = knowledge
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
  const clockwork = createFleetClock({ nodes, directory, live, news, log })

  const writer = createInstanceWriter({
    instances,
    presenter,
    panel,
    clock,
    onCommitted: createAfterCommit({
      knowledge,
      watch: deps.watch,
      news,
      reconciler: { wake: id => reconciler.wake(id), roomChanged: () => reconciler.roomChanged() },
      log,
    }),
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
        knowledge.forgetNode(id)
        deps.watch.forgetNode(id)
      },
      onRoomChanged: () => reconciler.roomChanged(),
    }),

    async start() {
      await knowledge.load()
      await news.judgeContact()
      await reconciler.start()
      certificates.start()
      clockwork.start()
    },

    async stop() {
      clockwork.stop()
      certificates.stop()
      await reconciler.stop()
      await clockwork.writeLastSeen()
    },
  }
}
