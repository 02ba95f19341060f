import { POLICY } from '../../shared/domain/policy'
import type { Node, NodeContact } from '../../shared/schemas/node'
import { viewNode } from '../domain/node-view'
import type { Clock, InstancePresenter, InstanceStore, NodeRecord, NodeUsage, PanelBus } from '../ports'
import type { AgentUpdates } from './agent-updates'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { ServiceLog } from './service-log'

/** Shows nodes, and tells pages when something about one has changed. */
export interface NodeNews {
  present(record: NodeRecord, usage?: NodeUsage): Promise<Node>
  /** Tells pages about the node. */
  tell(nodeId: string): void
  /** The same for load, which changes all the time: not more often than pages need. */
  tellLoad(nodeId: string): void
  /** Tells pages about everything on the node as well: what is waited for, and since when it is out of reach. */
  tellWithInstances(nodeId: string): Promise<void>
  /** Judges contact anew and tells of every change. */
  judgeContact(): Promise<void>
}

export interface NodeNewsDeps {
  instances: Pick<InstanceStore, 'usageOf' | 'living'>
  directory: Pick<NodeDirectory, 'find' | 'list'>
  live: NodeLive
  presenter: InstancePresenter
  agentUpdates: Pick<AgentUpdates, 'standing'>
  panel: Pick<PanelBus, 'publish'>
  clock: Pick<Clock, 'monotonic'>
  securityOf: (record: NodeRecord) => Node['security']
  log: ServiceLog
}

export function createNodeNews(deps: NodeNewsDeps): NodeNews {
  const { instances, directory, live, presenter, agentUpdates, panel, clock, log } = deps
  /** As pages know it, of nodes and of the instances on them. */
  const toldContact = new Map<string, NodeContact>()
  const toldLoadAt = new Map<string, number>()

  async function present(record: NodeRecord, usage?: NodeUsage): Promise<Node> {
    const { load, engine, found } = live.of(record.id)
    return viewNode(record, {
      contact: live.contact(record.id),
      lastSeenAt: live.lastSeenAt(record.id),
      load,
      engine,
      found,
      security: deps.securityOf(record),
      agent: await agentUpdates.standing(record),
      usage: usage ?? (await instances.usageOf(record.id)),
    })
  }

  async function publish(nodeId: string): Promise<void> {
    const record = directory.find(nodeId)
    if (record) panel.publish('node.changed', await present(record), 'node.read')
  }

  function tell(nodeId: string): void {
    publish(nodeId).catch((error: unknown) =>
      log.error({ err: error, nodeId }, 'A change of a node could not be told to pages'),
    )
  }

  async function tellWithInstances(nodeId: string): Promise<void> {
    toldContact.set(nodeId, live.contact(nodeId))
    await publish(nodeId)
    for (const record of await instances.living(nodeId)) {
      panel.publish('instance.changed', await presenter.present(record), 'instance.read')
    }
  }

  return {
    present,
    tell,
    tellWithInstances,

    tellLoad(nodeId) {
      const now = clock.monotonic()
      const last = toldLoadAt.get(nodeId)
      if (last !== undefined && now - last < POLICY.reconcile.loadNewsMs) return
      toldLoadAt.set(nodeId, now)
      tell(nodeId)
    },

    async judgeContact() {
      for (const { id } of directory.list()) {
        const contact = live.contact(id)
        const told = toldContact.get(id)
        if (told === undefined) toldContact.set(id, contact)
        else if (told !== contact) await tellWithInstances(id)
      }
      for (const id of toldContact.keys()) {
        if (directory.find(id)) continue
        toldContact.delete(id)
        toldLoadAt.delete(id)
      }
    },
  }
}
