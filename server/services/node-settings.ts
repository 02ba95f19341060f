import type { Welcome } from '../../shared/protocol/agent'
import type { AgentLink } from '../ports'
import type { NodeDirectory } from './node-directory'
import type { ServiceLog } from './service-log'

/** What a node is to know of itself. Always told whole, so that a message that was lost is made good by the next. */
export interface NodeSettings {
  of(nodeId: string): Welcome['settings']
  /** Tells the node; one that cannot be told is told again by `catchUp`, and with its next welcome anyway. */
  push(nodeId: string): void
  catchUp(nodeId: string): void
}

export function createNodeSettings(deps: {
  directory: Pick<NodeDirectory, 'get'>
  link: Pick<AgentLink, 'send' | 'isConnected'>
  log: ServiceLog
}): NodeSettings {
  const { directory, link, log } = deps
  /** Nodes that may not know their newest settings. */
  const behind = new Set<string>()

  function of(nodeId: string): Welcome['settings'] {
    const { devMode, name, region, tags } = directory.get(nodeId)
    return { devMode, name, region, tags }
  }

  async function send(nodeId: string): Promise<void> {
    behind.delete(nodeId)
    const answer = await link.send(nodeId, 'node.configure', of(nodeId))
    if (!answer.ok) log.warn({ nodeId, code: answer.code }, 'A node refused its settings')
  }

  function push(nodeId: string): void {
    if (!link.isConnected(nodeId)) return
    send(nodeId).catch((error: unknown) => {
      behind.add(nodeId)
      log.debug(
        { err: error, nodeId },
        'A node could not be told its settings; they are told again with its next heartbeat',
      )
    })
  }

  return {
    of,
    push,
    catchUp(nodeId) {
      if (behind.has(nodeId)) push(nodeId)
    },
  }
}
