import type { z } from 'zod'
import { POLICY } from '../../shared/domain/policy'
import { AppError } from '../../shared/errors'
import { cacheAnswer, purgeAnswer } from '../../shared/protocol/agent'
import type { Welcome } from '../../shared/protocol/agent'
import type {
  createNodeBody,
  JoinInvitation,
  Node,
  NodeCache,
  patchNodeBody,
  purgeCacheBody,
} from '../../shared/schemas/node'
import type { Operation } from '../../shared/schemas/operation'
import { applyMark } from '../domain/decide/apply-mark'
import { joinCommands } from '../domain/join-command'
import { withOverrides } from '../domain/node-overrides'
import type { AgentFiles, AgentLink, Clock, Ids, InstanceStore, NodeRecord, PanelBus, Principal } from '../ports'
import { answerOf } from './agent-answer'
import type { AgentUpdates } from './agent-updates'
import type { InstanceWriter } from './instance-writer'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { NodeNews } from './node-news'
import type { NodeSettings } from './node-settings'
import type { OperationService } from './operation-service'
import { hashSecret } from './secret-hash'

/** Where machines find this brain, and its own root by which they know it, where it has one. */
export interface JoinAddress {
  brainUrl: URL
  authority: string | null
}

export interface NodeService {
  /** The join token is told once; it is kept as a hash and good for a day. NAME_TAKEN. */
  create(input: z.output<typeof createNodeBody>, address: JoinAddress): Promise<JoinInvitation & { node: Node }>
  /**
   * A new join token for a node that has not joined in time, or whose machine lost what it knew. A token given before is worthless; who is
   * connected stays so until a machine joins with the new one. CONFLICT for the node of `npm start`, which joins by itself.
   */
  invite(id: string, address: JoinAddress): Promise<JoinInvitation>
  /** Has the agent become the one of this brain. NODE_UNREACHABLE; CONFLICT in words when it cannot, or need not. */
  updateAgent(id: string): Promise<Node>
  list(page: { limit: number; cursor?: string }): Promise<{ items: Node[]; nextCursor: string | null }>
  /** NOT_FOUND for an unknown one, here and below. */
  get(id: string): Promise<Node>
  patch(id: string, change: z.output<typeof patchNodeBody>): Promise<Node>
  /**
   * Forgets the node: its connection ends and its secret is worthless. NODE_IN_USE while it holds instances; but what is
   * to be destroyed does not keep a node that is out of reach, for it may never come back.
   */
  remove(id: string): Promise<void>
  /** NODE_UNREACHABLE; CONFLICT while another operation of the node runs. */
  purgeCache(by: Pick<Principal, 'actor'>, id: string, body: z.output<typeof purgeCacheBody>): Promise<Operation>
  cache(id: string): Promise<NodeCache>
  settings(id: string): Welcome['settings']
  /** The node of this machine, made if it does not exist, with a new join token for an agent that has no secret yet. */
  ensureLocalNode(): Promise<{ nodeId: string; joinToken: string }>
}

export interface NodeServiceDeps {
  instances: Pick<InstanceStore, 'usageByNode' | 'living'>
  directory: NodeDirectory
  live: Pick<NodeLive, 'forget' | 'isReady'>
  news: NodeNews
  writer: Pick<InstanceWriter, 'change'>
  settings: NodeSettings
  operations: Pick<OperationService, 'run'>
  link: AgentLink
  panel: Pick<PanelBus, 'publish'>
  clock: Pick<Clock, 'now'>
  ids: Ids
  agentFiles: Pick<AgentFiles, 'joinScriptSha256'>
  agentUpdates: Pick<AgentUpdates, 'start'>
  onRemoved: (id: string) => void
  /** A node may have room now that had none. */
  onRoomChanged: () => void
}

export function createNodeService(deps: NodeServiceDeps): NodeService {
  const { instances, directory, live, news, writer, settings, operations, link, panel, clock, ids } = deps

  async function register(
    input: Pick<NodeRecord, 'name' | 'local'> & Partial<Pick<NodeRecord, 'region' | 'tags' | 'labels'>>,
  ) {
    const joinToken = ids.secret()
    const record = await directory.create({
      id: ids.entity(),
      name: input.name,
      region: input.region ?? null,
      tags: input.tags ?? [],
      labels: input.labels ?? {},
      overrides: {},
      observedAddress: null,
      devMode: false,
      schedulable: true,
      local: input.local,
      secretHash: null,
      pendingSecretHash: null,
      joinTokenHash: hashSecret(joinToken),
      joinTokenExpiresAt: clock.now() + POLICY.join.tokenMs,
      certificate: null,
      accessRevokedAt: null,
      certificatesSince: null,
      regainUntil: null,
      specs: null,
      joinedAt: null,
      lastSeenAt: null,
      createdAt: clock.now(),
    })
    news.tell(record.id)
    return { record, joinToken }
  }

  async function renewToken(id: string): Promise<{ joinToken: string; record: NodeRecord }> {
    const joinToken = ids.secret()
    const record = await directory.update(id, {
      joinTokenHash: hashSecret(joinToken),
      joinTokenExpiresAt: clock.now() + POLICY.join.tokenMs,
    })
    return { joinToken, record }
  }

  async function invitation(record: NodeRecord, joinToken: string, address: JoinAddress): Promise<JoinInvitation> {
    const scriptSha256 = await deps.agentFiles.joinScriptSha256()
    const commands = joinCommands({ ...address, joinToken, nodeName: record.name, scriptSha256 })
    return {
      joinToken,
      expiresAt: record.joinTokenExpiresAt ?? clock.now(),
      joinCommand: commands.node,
      joinCommands: commands,
    }
  }

  /** What is to be destroyed on a machine that is gone is gone with it; anything else keeps the node. */
  async function emptyOf(record: NodeRecord): Promise<void> {
    const held = await instances.living(record.id)
    const kept = link.isConnected(record.id) ? held : held.filter(({ desired }) => desired !== 'destroyed')
    if (kept.length > 0) {
      const names = kept
        .slice(0, 3)
        .map(({ name }) => `"${name}"`)
        .join(', ')
      const others = kept.length > 3 ? ` and ${kept.length - 3} more` : ''
      throw new AppError(
        'NODE_IN_USE',
        `"${record.name}" still holds ${names}${others}. Destroy ${kept.length === 1 ? 'it' : 'them'} first.`,
      )
    }
    const reason = {
      code: 'NODE_REMOVED',
      message: `Its node "${record.name}" was removed while out of reach; what is left on that machine is no longer Strata's.`,
    }
    for (const { id } of held)
      await writer.change(id, current => applyMark(current, { state: 'DESTROYED', reason }, clock.now()))
  }

  return {
    async create(input, address) {
      const { record, joinToken } = await register({ ...input, local: false })
      return { node: await news.present(record), ...(await invitation(record, joinToken, address)) }
    },

    async invite(id, address) {
      const { local, name } = directory.get(id)
      if (local)
        throw new AppError(
          'CONFLICT',
          `"${name}" is the node of this machine: npm start starts its agent and joins it by itself.`,
        )
      const { record, joinToken } = await renewToken(id)
      return invitation(record, joinToken, address)
    },

    async updateAgent(id) {
      await deps.agentUpdates.start(directory.get(id))
      return news.present(directory.get(id))
    },

    async list({ limit, cursor }) {
      const usage = new Map((await instances.usageByNode()).map(entry => [entry.nodeId, entry]))
      const after = directory
        .list()
        .filter(({ id }) => cursor === undefined || id > cursor)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      const none = { total: 0, running: 0, memoryMb: 0, cpus: 0, diskMb: 0 }
      const items = await Promise.all(
        after
          .slice(0, limit)
          .map(record => news.present(record, usage.get(record.id) ?? { nodeId: record.id, ...none })),
      )
      return { items, nextCursor: after.length > limit ? (items.at(-1)?.id ?? null) : null }
    },

    get: async id => news.present(directory.get(id)),

    async patch(id, change) {
      const { address, ports, maxInstances, reserve, ...own } = change
      const overrides = withOverrides(directory.get(id).overrides, { address, ports, maxInstances, reserve })
      const record = await directory.update(id, { ...own, overrides })
      settings.push(id)
      deps.onRoomChanged()
      await news.tellWithInstances(id)
      return news.present(record)
    },

    async remove(id) {
      const record = directory.get(id)
      await emptyOf(record)
      await directory.remove(id)
      link.disconnect(id, 'The node was removed.')
      live.forget(id)
      deps.onRemoved(id)
      panel.publish('node.removed', { id }, 'node.read')
    },

    async purgeCache(by, id, { templates }) {
      const { name } = directory.get(id)
      const wish = {
        kind: 'node.purge-cache',
        subject: { kind: 'node', id, name },
        by: by.actor,
        needs: 'node.manage',
      } as const
      return operations.run(wish, async operation => {
        operation.progress({ step: 'The node empties its cache', done: 0, total: 1 })
        const layers = templates?.map(({ id: template, version }) => ({
          template,
          ...(version === undefined ? {} : { version }),
        }))
        return answerOf(await link.send(id, 'cache.purge', layers ? { layers } : {}), purgeAnswer, `The node "${name}"`)
      })
    },

    async cache(id) {
      const { name } = directory.get(id)
      const { layers } = answerOf(await link.send(id, 'cache.list', {}), cacheAnswer, `The node "${name}"`)
      const sum = (list: NodeCache['layers']) => list.reduce((bytes, layer) => bytes + layer.bytes, 0)
      return { layers, bytes: sum(layers), inUseBytes: sum(layers.filter(layer => layer.inUseBy.length > 0)) }
    },

    settings: id => settings.of(id),

    async ensureLocalNode() {
      const existing = directory.list().find(node => node.local)
      if (existing) return { nodeId: existing.id, joinToken: (await renewToken(existing.id)).joinToken }
      const taken = new Set(directory.list().map(({ name }) => name))
      const name = ['local', 'local-2', 'local-3'].find(candidate => !taken.has(candidate)) ?? `local-${ids.entity()}`
      const { record, joinToken } = await register({ name, local: true })
      return { nodeId: record.id, joinToken }
    },
  }
}
