import { effectiveAddress } from '../domain/effective-specs'
import { viewInstance } from '../domain/instance-view'
import type { NodeGlimpse } from '../domain/instance-view'
import type { InstancePresenter } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { NodeLive } from './node-live'
import type { ProgressBoard } from './progress-board'

export function createInstancePresenter(deps: {
  directory: Pick<NodeDirectory, 'find'>
  live: Pick<NodeLive, 'contact' | 'isReady' | 'lastSeenAt'>
  progress: Pick<ProgressBoard, 'of'>
}): InstancePresenter {
  const { directory, live, progress } = deps

  function glimpse(nodeId: string | null): NodeGlimpse | null {
    const node = nodeId === null ? undefined : directory.find(nodeId)
    if (!node) return null
    const contact = live.contact(node.id)
    return {
      id: node.id,
      name: node.name,
      contact,
      unreachableSince: contact === 'suspect' || contact === 'offline' ? live.lastSeenAt(node.id) : null,
      isReady: live.isReady(node.id),
      address: effectiveAddress(node)?.address ?? null,
    }
  }

  return {
    present: async record => viewInstance(record, glimpse(record.nodeId), progress.of(record.id)),
  }
}
