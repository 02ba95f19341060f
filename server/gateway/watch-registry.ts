import type { Socket } from 'socket.io'
import { AppError, isAppError } from '../../shared/errors'
import { POLICY } from '../../shared/domain/policy'
import type { BrainToPanel } from '../../shared/protocol/panel'
import type { AgentLink } from '../ports'
import type { GatewayLog } from './gateway-log'

/** A page that looks at an instance, and how many packets it is behind. */
export interface Watcher {
  socket: Pick<Socket, 'emit'>
  backlog(): number
}

/**
 * Who looks at which instance. A node streams console and statistics of an instance while at least one page watches it:
 * the first watcher sends `instance.watch`, the last one that leaves sends `instance.unwatch`.
 *
 * An agent forgets its watches when its connection ends; they are sent again when it is back, when the instance
 * gets a node, and, after a refusal, with the next change of the instance.
 */
export interface WatchRegistry {
  /** Twice is the same as once. NOT_FOUND for an unknown instance. */
  add(instanceId: string, watcher: Watcher): Promise<void>
  remove(instanceId: string, watcher: Watcher): void
  /** The page is gone. */
  leave(watcher: Watcher): void
  /** Hands console lines or a sample to those who watch. From a node that streams though nobody looks: it is told to stop. */
  deliver<Name extends 'console.lines' | 'stats.sample'>(nodeId: string, name: Name, payload: BrainToPanel[Name]): void
  /** An instance changed and is on this node now. */
  instanceAt(instanceId: string, nodeId: string | null): void
  nodeReturned(nodeId: string): void
  nodeLeft(nodeId: string): void
}

interface Watched {
  instanceId: string
  watchers: Set<Watcher>
  /** Where it is. */
  nodeId: string | null
  /** The node that streams it, as far as is known. */
  streamingFrom: string | null
  isSettling: boolean
  /** It changed while the node was asked: a refusal may be out of date. */
  hasChanged: boolean
}

export interface WatchRegistryDeps {
  link: Pick<AgentLink, 'send' | 'isConnected'>
  nodeOf: (instanceId: string) => Promise<string | null | undefined>
  log: GatewayLog
}

export function createWatchRegistry({ link, nodeOf, log }: WatchRegistryDeps): WatchRegistry {
  const watched = new Map<string, Watched>()
  const stopping = new Set<string>()

  /** True when the node took the message. */
  async function tell(
    nodeId: string,
    name: 'instance.watch' | 'instance.unwatch',
    instanceId: string,
  ): Promise<boolean> {
    if (!link.isConnected(nodeId)) return false
    try {
      const answer = await link.send(nodeId, name, { instanceId })
      if (!answer.ok) log.debug({ nodeId, instanceId, code: answer.code }, `A node refused ${name}`)
      return answer.ok
    } catch (error) {
      if (!isAppError(error)) log.error({ err: error, nodeId, instanceId }, `${name} could not be sent`)
      return false
    }
  }

  /** Brings what the node does to what is wanted of it; one at a time per instance. */
  async function settle(entry: Watched): Promise<void> {
    if (entry.isSettling) return
    entry.isSettling = true
    for (;;) {
      const wanted = entry.watchers.size > 0 ? entry.nodeId : null
      const streaming = entry.streamingFrom
      if (streaming === wanted) break
      if (streaming !== null) {
        entry.streamingFrom = null
        await tell(streaming, 'instance.unwatch', entry.instanceId)
      } else if (wanted !== null) {
        // Before the answer: lines that overtake it are not those of a node that streams unasked.
        entry.streamingFrom = wanted
        entry.hasChanged = false
        if (await tell(wanted, 'instance.watch', entry.instanceId)) continue
        if (entry.streamingFrom === wanted) entry.streamingFrom = null
        if (!entry.hasChanged && entry.watchers.size > 0 && entry.nodeId === wanted) break
      }
    }
    entry.isSettling = false
    if (entry.watchers.size === 0 && entry.streamingFrom === null) watched.delete(entry.instanceId)
  }

  function remove(instanceId: string, watcher: Watcher): void {
    const entry = watched.get(instanceId)
    if (entry?.watchers.delete(watcher) && entry.watchers.size === 0) void settle(entry)
  }

  async function stopStray(nodeId: string, instanceId: string): Promise<void> {
    if (stopping.has(instanceId)) return
    stopping.add(instanceId)
    await tell(nodeId, 'instance.unwatch', instanceId)
    stopping.delete(instanceId)
  }

  return {
    async add(instanceId, watcher) {
      const known = watched.get(instanceId)
      const nodeId = known ? known.nodeId : await nodeOf(instanceId)
      if (nodeId === undefined) throw new AppError('NOT_FOUND', `There is no server ${instanceId}.`)
      const entry = watched.get(instanceId) ?? {
        instanceId,
        watchers: new Set(),
        nodeId,
        streamingFrom: null,
        isSettling: false,
        hasChanged: false,
      }
      watched.set(instanceId, entry)
      entry.watchers.add(watcher)
      void settle(entry)
    },
    remove,
    leave(watcher) {
      for (const instanceId of [...watched.keys()]) remove(instanceId, watcher)
    },
    deliver(nodeId, name, payload) {
      const entry = watched.get(payload.instanceId)
      if (!entry || entry.watchers.size === 0) return void (entry?.isSettling || stopStray(nodeId, payload.instanceId))
      for (const { socket, backlog } of entry.watchers) {
        if (backlog() < POLICY.channel.panelBacklogPackets) socket.emit(name, payload)
      }
    },
    instanceAt(instanceId, nodeId) {
      const entry = watched.get(instanceId)
      if (!entry) return
      entry.nodeId = nodeId
      entry.hasChanged = true
      void settle(entry)
    },
    nodeReturned(nodeId) {
      for (const entry of watched.values()) if (entry.nodeId === nodeId) void settle(entry)
    },
    nodeLeft(nodeId) {
      for (const entry of watched.values()) if (entry.streamingFrom === nodeId) entry.streamingFrom = null
    },
  }
}
