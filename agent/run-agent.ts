import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, isAppError } from '../shared/errors'
import type { BrainToAgent, Welcome } from '../shared/protocol/agent'
import { PROTOCOL_VERSION } from '../shared/protocol/version'
import { createBrainTargets } from './certificate/brain-targets'
import { loadOwnCertificate } from './certificate/own-certificate'
import { trustBrain, trustRoots } from './certificate/trust-brain'
import type { AgentSettings } from './config'
import { Connection } from './connection'
import { lockDataFolder } from './data-lock'
import { createDispatch } from './dispatch'
import { loadIdentity, saveIdentity } from './identity'
import type { Identity } from './identity'
import { takeSecret } from './join'
import type { AgentLog } from './log'
import { createLocalNode } from './node'
import type { LocalNode } from './node'
import type { OwnProgram } from './program/own-program'
import { readBootId } from './process-identity'
import { AGENT_VERSION } from './version'

/** Refusals that are none of the node itself: it stays what it is, and tries again. */
const PASSING: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'IDENTITY_IN_USE',
  'PROTOCOL_VERSION',
  'ACCESS_REVOKED',
  'CERTIFICATE_REQUIRED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_UNKNOWN',
])

/** Servers that hang in the engine must not keep the agent from ending. */
const CLOSE_LIMIT_MS = 10_000

/** A brain whose roots could not be had is asked again at this pace. */
const TRUST_AGAIN_MS = 5_000

export interface AgentHost {
  program: OwnProgram
  /** Ends the program with a sentence for the terminal. */
  giveUp: (message: string) => void
  /** Ends it so that the next program is run. */
  restart: () => void
}

/**
 * The agent: supervises what this machine runs, and serves the brain whenever there is one. Resolves when it
 * listens to signals; rejects when it cannot begin.
 */
export async function runAgent(
  settings: AgentSettings,
  log: AgentLog,
  { program, giveUp, restart }: AgentHost,
): Promise<{ close: () => Promise<void> }> {
  const lock = await lockDataFolder(settings.dataDir)
  let identity = await loadIdentity(settings.dataDir)
  if (!identity && !settings.joinToken) {
    await lock.release()
    throw new AppError(
      'BAD_REQUEST',
      `This node has not joined a brain yet (nothing in ${settings.dataDir}). Add a node in the panel and run the join command it shows, or set STRATA_JOIN_TOKEN.`,
    )
  }
  const certificate = await loadOwnCertificate(settings.dataDir, log)
  const targets = createBrainTargets(settings.brainUrl, certificate.current)
  const agentRunId = randomUUID()
  let node: LocalNode | null = null
  const closing = new AbortController()
  let dispatch: ReturnType<typeof createDispatch> | null = null
  let wanted: BrainToAgent['node.configure'] | null = null
  let triesToken = false
  let hasTriedToken = false
  let isUpdating = false

  const connection: Connection = new Connection({
    targets,
    handshake: () => ({
      ...credentials(),
      agentVersion: AGENT_VERSION,
      protocolVersion: PROTOCOL_VERSION,
      agentRunId,
      bootId: readBootId(),
    }),
    welcomed,
    dispatch: (name, payload) =>
      dispatch?.(name, payload) ??
      Promise.resolve({ ok: false, code: 'UNAVAILABLE', message: 'The agent is starting.' }),
    describe: () => present().describe(),
    instances: () => present().supervisor.report(),
    heartbeat: async () => ({
      load: (await present().describe()).load,
      engine: present().engine(),
      watched: present().supervisor.watchedCount(),
      instances: present().servers.take(),
    }),
    reported: () => program.sayReady(),
    lost() {
      node?.supervisor.unwatchAll()
      node?.servers.tellAgain()
    },
    refused,
    log,
  })

  function present(): LocalNode {
    if (!node) throw new AppError('UNAVAILABLE', 'The agent is starting.')
    return node
  }

  function credentials(): { nodeId: string; secret: string } | { joinToken: string } {
    if (!identity || triesToken) return { joinToken: settings.joinToken ?? '' }
    const { nodeId, secret } = identity
    return { nodeId, secret }
  }

  async function welcomed(message: Welcome): Promise<void> {
    const { networkId } = message
    if (message.secret) {
      triesToken = false
      const before = identity
      identity = await takeSecret(settings.dataDir, before, message)
      if (node && before?.nodeId !== identity.nodeId) {
        await node.servers.close()
        await node.supervisor.close()
        node = null
      }
      log.info({ nodeId: identity.nodeId }, 'Joined the brain; the join token is used up and not needed any more')
    }
    if (identity && networkId && identity.networkId !== networkId) {
      identity = { ...identity, networkId }
      await saveIdentity(settings.dataDir, identity)
    }
    wanted = message.settings
    if (!node && identity) await begin(identity)
  }

  async function begin({ nodeId }: Identity): Promise<void> {
    node = await createLocalNode({
      settings,
      nodeId,
      network: () => identity?.networkId ?? null,
      program,
      devMode: () => wanted?.devMode ?? false,
      layerUrl: (instanceId, sha256) => connection.layerUrl(instanceId, sha256),
      registryLogin: (instanceId, registry) => connection.registryLogin(instanceId, registry),
      onSpecsChanged: () => void connection.report(),
      news: {
        observed: observation => connection.observed(observation),
        progress: progress => connection.mention('instance.progress', progress),
        console: lines => connection.mention('instance.console', lines),
        stats: sample => connection.mention('instance.stats', sample),
      },
      log,
    })
    const { supervisor, cache } = node
    const certified = () => {
      trustRoots(certificate.current()?.authorities ?? [])
      targets.renewed()
      // After the answer is on its way. A renewal is shown with the next connection, whenever that is.
      if (!connection.isByCertificate()) setImmediate(() => connection.move())
    }
    const configure = async (given: BrainToAgent['node.configure']) => {
      wanted = given
    }
    dispatch = createDispatch({
      supervisor,
      cache,
      configure,
      update,
      report: () => void connection.report(),
      certificate,
      certified,
      log,
    })
    await supervisor.resume()
    node.servers.open()
    program.saySupervising()
    log.info({ nodeId, servers: supervisor.running().length, engine: node.engine() }, 'Supervising')
  }

  /** Acknowledged when it is begun. What comes of it the next report says, of this program or of the next. */
  async function update(next: BrainToAgent['node.update']): Promise<void> {
    if (next.sha256 === program.describe().sha256) return
    program.refuseWhereFixed()
    // Asked again by somebody else, or by a brain that was restarted: one fetch at a time, all go to the same place.
    if (isUpdating) return
    isUpdating = true
    log.info({ sha256: next.sha256 }, 'Fetching the newer agent')
    program.fetchNext(next).then(restart, (error: unknown) => {
      isUpdating = false
      log.error({ err: error }, 'The newer agent could not be fetched; this one goes on')
      void connection.report()
    })
  }

  /** What a refusal means and what to do; servers go on in every case. */
  function refused(code: string, message: string): boolean {
    if (PASSING.has(code)) {
      log.error({ code }, `The brain refuses this agent: ${message}`)
      return true
    }
    if (!identity) {
      giveUp(
        `The brain at ${settings.brainUrl} refuses the join token: ${message} Make a new join command in the panel and run that.`,
      )
      return false
    }
    if (settings.joinToken && !hasTriedToken) {
      log.warn({}, 'The brain does not know this node any more; it joins again with its token')
      hasTriedToken = triesToken = true
      setImmediate(() => connection.open())
      return false
    }
    triesToken = false
    log.error(
      { code },
      `The brain does not know this node any more: ${message} Its servers go on. If the node was removed on purpose, end them with "stop-all"; to join again, make a new join command for the node and run that.`,
    )
    return true
  }

  /** The connection is opened once the brain's roots are known; until then the brain counts as away. */
  async function open(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await trustBrain(settings, certificate.current()?.authorities)
        return connection.open()
      } catch (error) {
        if (!isAppError(error)) throw error
        if (error.code === 'BAD_REQUEST' && !identity) return giveUp(error.detail)
        log.error({ code: error.code }, error.detail)
        await delay(TRUST_AGAIN_MS, undefined, { signal: closing.signal }).catch(() => {}) // ended meanwhile
      }
    }
  }

  if (identity) await begin(identity)
  void open()
  return {
    async close() {
      closing.abort()
      const running = node?.supervisor.running().map(server => server.name) ?? []
      log.info({ running }, 'Stopping the agent; its servers run on and are found again by the next start')
      await connection.close()
      await Promise.race([
        Promise.all([node?.servers.close(), node?.supervisor.close()]),
        new Promise(resolve => setTimeout(resolve, CLOSE_LIMIT_MS).unref()),
      ])
      await lock.release()
    },
  }
}
