import type { Node, NodeContact, NodeLoad, NodeSpecs } from '../../shared/schemas/node'
import { contactOf } from '../domain/contact'
import type { Clock } from '../ports'
import type { NodeDirectory } from './node-directory'

/** What is known of a node only while it speaks; never stored. */
export interface LiveState {
  /** Monotonic; null: not since the brain started. */
  lastHeard: number | null
  /** The same moment by the wall clock. */
  lastHeardAt: number | null
  /** It has a connection and told its whole truth over it: commands may go out. */
  isReady: boolean
  load: NodeLoad | null
  engine: NodeSpecs['engine'] | null
  found: Node['found']
}

export interface NodeLive {
  of(nodeId: string): Readonly<LiveState>
  isReady(nodeId: string): boolean
  contact(nodeId: string): NodeContact
  /** When the node was last heard, by the wall clock; from the record for one that was not heard since the brain started. */
  lastSeenAt(nodeId: string): number | null
  /** Any sign of life. */
  touch(nodeId: string): void
  note(nodeId: string, news: Partial<Omit<LiveState, 'lastHeard' | 'lastHeardAt'>>): void
  forget(nodeId: string): void
}

const SILENT: LiveState = { lastHeard: null, lastHeardAt: null, isReady: false, load: null, engine: null, found: [] }

export function createNodeLive(deps: { directory: Pick<NodeDirectory, 'find'>; clock: Clock }): NodeLive {
  const { directory, clock } = deps
  const brainStarted = clock.monotonic()
  const states = new Map<string, LiveState>()
  const of = (nodeId: string) => states.get(nodeId) ?? SILENT
  const note = (nodeId: string, news: Partial<LiveState>) => states.set(nodeId, { ...of(nodeId), ...news })

  return {
    of,
    isReady: nodeId => of(nodeId).isReady,
    contact: nodeId =>
      contactOf({
        hasJoined: directory.find(nodeId)?.joinedAt != null,
        lastHeard: of(nodeId).lastHeard,
        brainStarted,
        now: clock.monotonic(),
      }),
    lastSeenAt: nodeId => of(nodeId).lastHeardAt ?? directory.find(nodeId)?.lastSeenAt ?? null,
    touch(nodeId) {
      const state = states.get(nodeId)
      if (!state) note(nodeId, { lastHeard: clock.monotonic(), lastHeardAt: clock.now() })
      else Object.assign(state, { lastHeard: clock.monotonic(), lastHeardAt: clock.now() })
    },
    note,
    forget: nodeId => void states.delete(nodeId),
  }
}
