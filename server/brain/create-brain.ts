import { AppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'
import { createAuditStore } from '../db/stores/audit'
import { createIdempotencyStore } from '../db/stores/idempotency'
import { createOperationStore } from '../db/stores/operations'
import { createSecretStore } from '../db/stores/secrets'
import { createSessionStore } from '../db/stores/sessions'
import { createTemplateStore } from '../db/stores/templates'
import { createTokenStore } from '../db/stores/tokens'
import { createUserStore } from '../db/stores/users'
import type { Clock, PasswordHasher, SecretStore, SecretBox } from '../ports'
import { createAnonymousAudit } from '../http/audit-trail'
import { createGateway } from '../gateway/gateway'
import { createClientViewer } from '../http/client-address'
import { createAccountService } from '../services/account-service'
import { createAuditService } from '../services/audit-service'
import { createIdempotencyService } from '../services/idempotency-service'
import { createLibrary } from '../services/library'
import { createLoginLimiter } from '../services/login-limiter'
import { createOperationService } from '../services/operation-service'
import { createSessionService } from '../services/session-service'
import { createTokenService } from '../services/token-service'
import { openDiskStore } from '../store/disk'
import { systemClock } from './clock'
import { DataFolderError } from './data-folder'
import { createIds } from './ids'
import { launcherLink } from './launcher-link'
import type { LauncherLink } from './launcher-link'
import { createLog } from './log'
import type { Log } from './log'
import { openStorage } from './open-storage'
import { createSecretBox } from './secret-box'
import type { Settings } from './settings'

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
 * `start` does what takes time; until it is done every endpoint answers 503.
 *
 * Throws DataFolderError or MigrationError with a text for the operator.
 */
export function createBrain(settings: Settings, parts: BrainParts) {
  const {
    clock = systemClock,
    log = createLog(settings.logLevel),
    launcher = launcherLink(settings.launcher),
    passwords,
  } = parts
  const storage = openStorage(settings.dataDir, clock.now(), log)
  const {
    keys,
    database: { db },
  } = storage
  const ids = createIds(clock)
  const secretBox = createSecretBox(keys.secretBox)
  const users = createUserStore(db)
  const limiter = createLoginLimiter()
  const viewClient = createClientViewer(settings.trustedProxies)
  const gateway = createGateway({ clock, log, addressOf: request => viewClient(request).address })
  const panel = gateway.panelBus

  const audit = createAuditService({ store: createAuditStore(db), ids, clock })
  const accounts = createAccountService({ users, passwords, limiter, panel, clock, ids })
  const sessions = createSessionService({
    users,
    sessions: createSessionStore(db),
    passwords,
    limiter,
    panel,
    clock,
    ids,
  })
  const tokens = createTokenService({ store: createTokenStore(db), panel, clock, ids })
  const idempotency = createIdempotencyService({ store: createIdempotencyStore(db), secretBox, clock })
  const operations = createOperationService({ operations: createOperationStore(db), panel, clock, ids })
  const objects = openDiskStore({ root: storage.folder.file('objects'), urlSecret: keys.urlSigning, clock })
  const library = createLibrary({ templates: createTemplateStore(db), objects, panel, clock, log })

  let state: 'starting' | 'started' | 'stopping' | 'stopped' = 'starting'
  let housekeeping: NodeJS.Timeout | undefined

  /** From here on every endpoint answers 503. */
  async function letGo(): Promise<void> {
    if (state !== 'stopped') state = 'stopping'
    clearInterval(housekeeping)
    await gateway.close()
  }

  return {
    settings,
    log,
    clock,
    keys,
    panel,
    audit,
    accounts,
    sessions,
    tokens,
    idempotency,
    operations,
    objects,
    templates: library.templates,
    stacks: library.stacks,
    anonymousAudit: createAnonymousAudit(clock.now),
    viewClient,
    gateway,
    isStarted: () => state === 'started',
    /** Throws when the database does not answer. */
    probe: () => storage.database.probe(),

    /** @param url where the brain can be reached, for the links it prints */
    async start(url: URL) {
      await checkKeyFits(createSecretStore(db), secretBox, clock)
      const { setupSecret, adminUser } = await accounts.start(settings.admin)
      await sessions.start()
      await idempotency.forgetOld()
      await operations.recover()
      library.start()
      housekeeping = setInterval(() => {
        idempotency
          .forgetOld()
          .catch((error: unknown) => log.error({ err: error }, 'Old Idempotency-Keys could not be removed'))
      }, POLICY.http.idempotencyKeptMs / 24).unref()

      const setupUrl = setupSecret && new URL(`/setup?token=${setupSecret}`, settings.publicUrl ?? url).href
      launcher.tell({ type: 'setup', url: setupUrl, adminUser })
      if (setupUrl && !launcher.present) log.info(`Open this link once to make the first admin: ${setupUrl}`)
      state = 'started'
      launcher.tell({ type: 'listening', url: url.href })
    },

    letGo,

    /** Ends what runs and gives the data folder back; twice is the same as once. */
    async stop() {
      if (state === 'stopped') return
      await letGo()
      state = 'stopped'
      await library.stop()
      storage.close()
    },
  }
}

const KEY_CHECK = 'key-check'

/**
 * A key file that was lost and made anew would leave every stored secret unreadable, found out one by one, much
 * later. So a known value is sealed on the first start and opened on every other.
 */
async function checkKeyFits(store: SecretStore, secretBox: SecretBox, clock: Clock): Promise<void> {
  const sealed = await store.read(KEY_CHECK)
  if (sealed === undefined) {
    await store.write(KEY_CHECK, secretBox.seal(KEY_CHECK), clock.now())
    return
  }
  try {
    secretBox.open(sealed)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new DataFolderError(
      'The file keys/secret-box in the data folder is not the one that this database was sealed with. Put it back from a backup; without it no stored secret can be read.',
      { cause: error },
    )
  }
}
