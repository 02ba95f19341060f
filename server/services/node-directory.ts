import { AppError } from '../../shared/errors'
import type { NodeRecord, NodeStore } from '../ports'

/**
 * All nodes, in memory: they are few, and every placement, every view of an instance and every heartbeat asks for them. All
 * changes of nodes go through here, so that memory and database are one.
 */
export interface NodeDirectory {
  load(): Promise<void>
  list(): NodeRecord[]
  size(): number
  find(id: string): NodeRecord | undefined
  /** NOT_FOUND in words. */
  get(id: string): NodeRecord
  create(record: NodeRecord): Promise<NodeRecord>
  update(id: string, change: Parameters<NodeStore['update']>[1]): Promise<NodeRecord>
  joinWithToken: NodeStore['joinWithToken']
  remove(id: string): Promise<void>
}

export function createNodeDirectory(nodes: NodeStore): NodeDirectory {
  const byId = new Map<string, NodeRecord>()

  return {
    async load() {
      for (const record of await nodes.list()) byId.set(record.id, record)
    },
    list: () => [...byId.values()],
    size: () => byId.size,
    find: id => byId.get(id),
    get(id) {
      const record = byId.get(id)
      if (!record) throw new AppError('NOT_FOUND', `There is no node with the id ${id}.`)
      return record
    },
    async create(record) {
      await nodes.create(record)
      byId.set(record.id, record)
      return record
    },
    async update(id, change) {
      const record = await nodes.update(id, change)
      byId.set(id, record)
      return record
    },
    async joinWithToken(id, tokenHash, secretHash, at) {
      const hasJoined = await nodes.joinWithToken(id, tokenHash, secretHash, at)
      const record = await nodes.find(id)
      if (record) byId.set(id, record)
      return hasJoined
    },
    async remove(id) {
      await nodes.remove(id)
      byId.delete(id)
    },
  }
}
