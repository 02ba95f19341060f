import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../shared/errors'
import type { AgentHandshake } from '../../shared/protocol/agent'
import type { NodeSpecs } from '../../shared/schemas/node'
import type { AgentEvents, AgentLine, Clock, InstanceStore, LayerSource, NodeAdmission, NodeRecord } from '../ports'
import type { AgentUpdates } from './agent-updates'
import type { InstanceObservations } from './instance-observations'
import type { NodeCertificates } from './node-certificates'
import { secretTaken } from './node-admission'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { NodeNews } from './node-news'
import type { NodeSettings } from './node-settings'
import type { Reconciler } from './reconciler'
import { plainAddress } from '../domain/effective-specs'
import type { RegistryService } from './registry-service'
import type { ServiceLog } from './service-log'
import type { HideSecrets } from './secret-words'
import type { StatsBoard } from './stats-board'

export interface AgentEventsDeps {
  networkId: string
  admit: (handshake: AgentHandshake) => Promise<NodeAdmission>
  certificates: Pick<NodeCertificates, 'judge' | 'connected' | 'disconnected'>
  refused: AgentEvents['refused']
  observations: InstanceObservations
  instances: Pick<InstanceStore, 'find'>
  directory: Pick<NodeDirectory, 'find' | 'update'>
  live: NodeLive
  news: NodeNews
  stats: Pick<StatsBoard, 'heardInstance' | 'heardNode'>
  settings: NodeSettings
  agentUpdates: Pick<AgentUpdates, 'reported'>
  reconciler: Pick<Reconciler, 'nodeReady' | 'roomChanged'>
  registries: Pick<RegistryService, 'forPull'>
  layers: Pick<LayerSource, 'signedUrl'>
  clock: Pick<Clock, 'now'>
  log: Pick<ServiceLog, 'info' | 'warn'>
  hideSecrets: HideSecrets
}

/** Nothing is known that speaks for it. */
const UNKNOWN_LINE: AgentLine = { isEncrypted: false, isLoopback: false, certificate: null, host: undefined }

/** What happens when agents come, speak and go; the gateway calls it for each node in order. */
export function createAgentEvents(deps: AgentEventsDeps): AgentEvents {
  const { observations, instances, directory, live, news, stats, settings, agentUpdates } = deps
  const { reconciler, layers, clock, hideSecrets, log } = deps

  /** Until the connection stands: one that is refused must not change where a node is. */
  const dialledFrom = new Map<string, string>()

  return {
    networkId: () => deps.networkId,
    async admit(handshake, address, line = UNKNOWN_LINE) {
      const admission = await deps.admit(handshake)
      await deps.certificates.judge(admission, line)
      dialledFrom.set(admission.nodeId, plainAddress(address))
      return admission
    },
    refused: deps.refused,
    settings: async nodeId => settings.of(nodeId),
    touched: nodeId => live.touch(nodeId),
    owns: (nodeId, instanceId) => observations.owns(nodeId, instanceId),
    observed: (nodeId, observation) => observations.observed(nodeId, observation),
    progress: (nodeId, progress) => observations.progress(nodeId, progress),

    async printed(instanceId, lines) {
      const record = await instances.find(instanceId)
      return record ? lines.map(hideSecrets(record)) : []
    },

    async connected(nodeId, tookSecret, line = UNKNOWN_LINE) {
      const node = directory.find(nodeId)
      if (!node) return
      live.touch(nodeId)
      const now = clock.now()
      await directory.update(nodeId, {
        observedAddress: dialledFrom.get(nodeId) ?? node.observedAddress,
        lastSeenAt: now,
        joinedAt: node.joinedAt ?? now,
        ...(tookSecret ? secretTaken(node) : {}),
      })
      dialledFrom.delete(nodeId)
      deps.certificates.connected(nodeId, line)
      log.info({ nodeId, name: node.name }, 'A node is connected')
      news.tell(nodeId)
    },

    async disconnected(nodeId) {
      deps.certificates.disconnected(nodeId)
      if (!directory.find(nodeId)) return
      log.warn({ nodeId }, 'The connection of a node ended; its servers go on')
      live.note(nodeId, { isReady: false })
      await directory.update(nodeId, { lastSeenAt: live.lastSeenAt(nodeId) })
      await news.tellWithInstances(nodeId)
    },

    async report(nodeId, { specs, load, instances: reported }) {
      const node = directory.find(nodeId)
      if (!node) return
      if (!isDeepStrictEqual(node.specs, specs))
        await directory.update(nodeId, { specs, ...saidByMachine(node, specs) })
      const { found, stillHeld } = await observations.report(nodeId, reported)
      const isNewConnection = !live.isReady(nodeId)
      live.touch(nodeId)
      live.note(nodeId, { isReady: true, load, engine: specs.engine, found })
      stats.heardNode(nodeId, load)
      await agentUpdates.reported(nodeId)
      if (isNewConnection) await news.tellWithInstances(nodeId)
      else news.tell(nodeId)
      await reconciler.nodeReady(nodeId, { stillHeld, isNewConnection })
    },

    async heartbeat(nodeId, { load, engine, instances: measured }) {
      live.touch(nodeId)
      stats.heardNode(nodeId, load)
      // One that was moved or forgotten meanwhile is no offence, but nothing is taken of it.
      for (const one of measured) if (await observations.owns(nodeId, one.instanceId)) stats.heardInstance(one, load.at)
      const before = live.of(nodeId).engine
      live.note(nodeId, { load, engine })
      settings.catchUp(nodeId)
      if (before?.available === engine.available) return news.tellLoad(nodeId)
      news.tell(nodeId)
      if (engine.available) reconciler.roomChanged()
    },

    registryLogin: (nodeId, instanceId, registry) => deps.registries.forPull(nodeId, instanceId, registry),

    async layerUrl(nodeId, instanceId, sha256) {
      const record = await instances.find(instanceId)
      if (record?.nodeId === nodeId && record.layers.some(layer => layer.sha256 === sha256))
        return layers.signedUrl(sha256)
      throw new AppError(
        'NOT_FOUND',
        `The server ${instanceId} has no layer with the sha256 ${sha256.slice(0, 12)}…. It was changed meanwhile; a newer command follows.`,
      )
    },
  }
}

/** What the machine says of its place when it joins counts where nobody said it here; from then on the panel decides. */
function saidByMachine(node: NodeRecord, specs: NodeSpecs): Partial<Pick<NodeRecord, 'region' | 'tags' | 'labels'>> {
  if (node.specs !== null) return {}
  return {
    region: node.region ?? specs.region ?? null,
    tags: node.tags.length > 0 ? node.tags : (specs.tags ?? []),
    labels: { ...specs.labels, ...node.labels },
  }
}
