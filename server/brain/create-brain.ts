import { createStores } from '../db/stores'
import { readNetworkId } from '../db/stores/network'
import { createAgentFiles } from '../gateway/agent-bundle'
import { createGateway } from '../gateway/gateway'
import { createAnonymousAudit } from '../http/audit-trail'
import { isOwnOrigin } from '../http/check-origin'
import { agentLineOf } from '../http/agent-line'
import { createClientViewer } from '../http/client-address'
import { principalFromHeaders } from '../http/principal'
import { createBrainMetrics } from '../metrics/brain-metrics'
import { countStore } from '../metrics/count-store'
import { createScrape } from '../metrics/scrape'
import { createFleetWatch } from '../metrics/watch-fleet'
import { createOidcProvider } from '../oidc/provider'
import type { Clock, PasswordHasher } from '../ports'
import { createAuditService } from '../services/audit-service'
import { createExampleService, findExampleFolder } from '../services/example-service'
import { createFleet } from '../services/fleet'
import { createLibrary } from '../services/library'
import { createOperationService } from '../services/operation-service'
import { tapPanelBus } from '../services/panel-tap'
import { createPeople } from '../services/people'
import { createStatusService } from '../services/status-service'
import { createDoors, warningIfExposed } from '../tls/doors'
import { checkKeyFits } from './check-key'
import { systemClock } from './clock'
import { createIds } from './ids'
import { launcherLink } from './launcher-link'
import type { LauncherLink } from './launcher-link'
import { createLog } from './log'
import type { Log } from './log'
import { openObjects } from './open-objects'
import { openStorage } from './open-storage'
import { createSecretBox } from './secret-box'
import type { Settings } from './settings'
import { VERSION } from './version'

export interface BrainParts {
  passwords: PasswordHasher
  clock?: Clock
  log?: Log
  launcher?: LauncherLink
}

export type Brain = ReturnType<typeof createBrain>

/**
 * The composition root: settings and what comes from outside in, services out. Synchronous, because Nitro does not
 * wait for plugins: when it returns, the data folder is locked and the database is open and migrated.
 * `start` does what takes time; until it is done endpoints answer 503, and agents and pages are told to dial again.
 *
 * Throws DataFolderError or MigrationError with a text for the operator.
 */
export function createBrain(settings: Settings, parts: BrainParts) {
  const { passwords, clock = systemClock } = parts
  const log = parts.log ?? createLog(settings.logLevel, settings.logFile)
  const launcher = parts.launcher ?? launcherLink(settings.launcher)
  const storage = openStorage(settings.dataDir, clock.now(), log)
  const { keys } = storage
  const { db } = storage.database
  const kept = createStores(db)
  const { instances, templates } = kept
  const ids = createIds(clock)
  const secrets = createSecretBox(keys.secretBox)
  const viewClient = createClientViewer(settings.trustedProxies)

  const metrics = createBrainMetrics(VERSION)
  const fleetWatch = createFleetWatch(metrics, clock)

  const gateway = createGateway({
    clock,
    log,
    addressOf: request => viewClient(request).address,
    lineOf: agentLineOf(viewClient),
  })
  const doors = createDoors({
    settings,
    authorityFile: storage.folder.file('keys/authority.json'),
    certifiedNodes: async () => (await kept.nodes.list()).filter(({ certificate }) => certificate !== null).length,
    gateway,
    clock,
    log,
  })
  const panel = tapPanelBus(gateway.panelBus)
  const audit = createAuditService({ store: kept.audit, ids, clock, keptMs: settings.auditKeptMs, log })
  const operations = createOperationService({ operations: kept.operations, panel, clock, ids, log })
  const people = createPeople({
    users: kept.users,
    sessions: kept.sessions,
    tokens: kept.tokens,
    totp: kept.totp,
    idempotency: kept.idempotency,
    instances,
    passwords,
    secrets,
    oidc: settings.oidc ? { provider: createOidcProvider(settings.oidc, clock), role: settings.oidc.role } : undefined,
    localSignIn: settings.localSignIn,
    totpRequired: settings.totpRequired,
    audit,
    panel,
    clock,
    ids,
    log,
  })
  let ownUrl = new URL(`http://127.0.0.1:${settings.port}`)
  const { objects, stores, blobLock, ...store } = openObjects({
    settings,
    folder: storage.folder.file('objects'),
    urlSecret: keys.urlSigning,
    db,
    operations,
    ownUrl: () => ownUrl,
    count: driver => countStore(driver, metrics),
    clock,
    log,
  })
  const library = createLibrary({ templates, objects, blobLock, panel, facts: store.facts, clock, log })
  const fleet = createFleet({
    instances,
    nodes: kept.nodes,
    variables: kept.scopeVariables,
    layers: library.layers,
    registryLogins: kept.registryLogins,
    secrets,
    operations,
    audit,
    link: gateway.agentLink,
    panel,
    clock,
    ids,
    log,
    networkId: readNetworkId(db, { id: ids.entity(), now: clock.now() }),
    watch: fleetWatch,
    trust: doors.trust,
    agentFiles: createAgentFiles(settings),
    agentUpdates: settings.agentUpdates,
  })
  const status = createStatusService({ instances, nodes: fleet.nodes, templates, clock, version: VERSION, log })

  const scrape = createScrape({
    metrics,
    instances,
    nodes: fleet.nodes,
    board: fleet.board,
    connections: () => gateway.connections(),
    certificateExpiresAt: () => doors.status(() => 0).panel.certificate?.expiresAt ?? null,
  })
  panel.listen('operation.changed', operation => fleetWatch.operation(operation))

  const example = createExampleService({
    templates: library.templates,
    instances: fleet.instances,
    operations,
    onInstanceChanged: listener => panel.listen('instance.changed', listener),
    tell: news => launcher.tell({ type: 'example', ...news }),
    folder: findExampleFolder,
    log,
  })

  let state: 'starting' | 'started' | 'stopping' = 'starting'
  let ending: Promise<void> | undefined
  let exampleTold = Promise.resolve()

  gateway.open({
    isStarted: () => state === 'started',
    agents: fleet.agentEvents,
    panel: {
      principalFromHeaders: headers => principalFromHeaders({ ...people, keys }, headers),
      isOwnOrigin: request => isOwnOrigin(request.headers, viewClient(request).host, settings.publicUrl),
    },
    nodeOf: id => instances.nodeOf(id),
  })

  /** From here on every endpoint answers 503, and nobody is connected. */
  async function letGo(): Promise<void> {
    state = 'stopping'
    const closed = doors.close()
    await gateway.close()
    await closed
  }

  async function end(): Promise<void> {
    await letGo()
    audit.stop()
    people.stop()
    status.stop()
    await operations.stop()
    await exampleTold
    await fleet.stop()
    await library.stop()
    store.close()
    storage.close()
  }

  return {
    settings,
    startedAt: clock.now(),
    log,
    clock,
    keys,
    audit,
    accounts: people.accounts,
    sessions: people.sessions,
    sessionList: people.sessionList,
    totp: people.totp,
    oidc: people.oidc,
    tokens: people.tokens,
    idempotency: people.idempotency,
    operations,
    objects,
    stores,
    templates: library.templates,
    stacks: library.stacks,
    instances: fleet.instances,
    nodes: fleet.nodes,
    registries: fleet.registries,
    variables: fleet.variables,
    stats: fleet.stats,
    adopt: fleet.adopt,
    metrics,
    scrape,
    certificates: fleet.certificates,
    doors,
    status,
    panel,
    gateway,
    viewClient,
    anonymousAudit: createAnonymousAudit(clock.now),
    isStarted: () => state === 'started',
    /** Throws when the database does not answer. */
    probe: () => storage.database.probe(),

    /** @param url where the brain can be reached, for the links it prints */
    async start(url: URL) {
      await checkKeyFits(kept.secrets, secrets, clock)
      const { setupSecret, adminUser } = await people.start(settings.admin)
      const warning = warningIfExposed(settings)
      if (warning) log.warn(warning)
      ownUrl = url
      await stores.start()
      await audit.start()
      await operations.recover()
      await fleet.start()
      await status.start()
      library.start()
      // Told to stop meanwhile.
      if (state !== 'starting') return
      state = 'started'

      const setupUrl = setupSecret && new URL(`/setup?token=${setupSecret}`, settings.publicUrl ?? url).href
      if (setupUrl && !launcher.present) log.info(`Open this link once to make the first admin: ${setupUrl}`)
      launcher.tell({ type: 'setup', url: setupUrl, adminUser })
      launcher.tell({ type: 'listening', url: url.href })
      const localNode = launcher.present && settings.localNode ? await fleet.nodes.ensureLocalNode() : null
      if (localNode) launcher.tell({ type: 'localNode', joinToken: localNode.joinToken })
      if (settings.example) exampleTold = example.start(localNode?.nodeId ?? null)
    },

    letGo,

    /** Ends what runs and gives the data folder back; twice is the same as once. */
    stop: () => (ending ??= end()),
  }
}
